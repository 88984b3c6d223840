// Waits for an engine that was just started.
import type { ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import type Docker from 'dockerode'
import { sleep } from '../../src/lib/abort.ts'

const UP_TIMEOUT_MS = 30_000

/** Throws with the end of the log when the process ends, or does not answer in time. */
export async function untilAnswering(docker: Docker, daemon: ChildProcess, logPath: string): Promise<void> {
  const deadline = performance.now() + UP_TIMEOUT_MS
  while (
    !(await docker.ping().then(
      () => true,
      () => false,
    ))
  ) {
    if (daemon.exitCode !== null || performance.now() > deadline) {
      const log = await readFile(logPath, 'utf8').catch(() => '')
      throw new Error(`the engine does not answer:\n${log.slice(-3000)}`)
    }
    await sleep(20)
  }
}
