// The first words with the server. It may be restarting just now, so we go on asking for as long as it takes.

import type { HelloResponse } from '../api/task.ts'
import { LAUNCHER_EXIT, TASK_PROTOCOL, TASK_ROUTES } from '../api/task-constants.ts'
import { sleep } from '../lib/abort.ts'
import { LauncherError, messageOf } from './launcher-error.ts'
import type { TaskClient } from './task-client.ts'

const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 2_000
const SAY_EVERY_MS = 30_000

/**
 * Asks the server what this task is to do. Retries without limit until `signal` aborts; `say` gets a sentence every 30 s.
 * Throws LauncherError when the server speaks another protocol.
 */
export async function sayHello(
  client: TaskClient,
  say: (sentence: string) => void,
  signal: AbortSignal,
): Promise<HelloResponse> {
  const body = JSON.stringify({ protocol: TASK_PROTOCOL, pid: process.pid })
  let saidAtMs = Date.now()
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    let problem: string
    try {
      const reply = await client.ask({
        method: 'POST',
        path: TASK_ROUTES.hello,
        body,
        timeoutMs: 30_000,
        signal,
      })
      if (reply.status === 200) return checkHello(JSON.parse(reply.body.toString()))
      problem = `it answered ${reply.status} ${reply.body.toString().slice(0, 200)}`
    } catch (error) {
      // The reason, not the broken request, says why we end.
      signal.throwIfAborted()
      if (error instanceof LauncherError) throw error
      problem = messageOf(error)
    }
    if (Date.now() - saidAtMs >= SAY_EVERY_MS) {
      saidAtMs = Date.now()
      say(`waiting for the server at ${client.socketPath}: ${problem}`)
    }
    await sleep(pauseMs, signal)
  }
}

/** The server checked the shape when it wrote it; what can differ is its age. */
function checkHello(hello: HelloResponse): HelloResponse {
  if (hello.protocol === TASK_PROTOCOL) return hello
  throw new LauncherError(
    LAUNCHER_EXIT.spawnFailed,
    'ProtocolMismatch',
    `the server speaks protocol ${JSON.stringify(hello.protocol)}; this launcher speaks ${TASK_PROTOCOL}`,
  )
}
