// A store that replies as a test says, and a script that asks it.
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { openInnerSocket } from '../../src/launcher/inner-socket.ts'
import { openObjects } from '../../src/launcher/object-transfer.ts'
import { python } from './python.ts'

export type Reply = (request: IncomingMessage, response: ServerResponse, nth: number) => void

/**
 * Runs a script against a server that replies as told; gives the script's end and the requests it made. The script knows
 * `here`, which is `dir`. `launcher`: with one beside it, which moves the files.
 */
export async function askPeer(
  dir: string,
  reply: Reply,
  script: string,
  env: Record<string, string> = {},
  launcher = false,
) {
  const seen: string[] = []
  const socket = join(await mkdtemp(join(dir, 's-')), 's')
  const path = `${socket}-launcher`
  const silent = { append: () => undefined, tell: () => undefined, environment: {} }
  await using _inner = launcher
    ? await openInnerSocket({ path, move: openObjects(socket).move, ...silent })
    : null
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.range ?? ''}`.trim())
    request.resume().on('end', () => reply(request, response, seen.length))
  }).listen(socket)
  await once(server, 'listening')
  try {
    const ended = await python(`here = ${JSON.stringify(dir)}\n${script}`, {
      env: { ROPEWAY_TASK_SOCKET: socket, ...(launcher ? { ROPEWAY_LAUNCHER_SOCKET: path } : {}), ...env },
    })
    return { ...ended, seen }
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

/** A list of objects with one byte each. */
export const listing = (keys: string[]): string =>
  `<?xml version="1.0"?><ListBucketResult>${keys.map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`).join('')}</ListBucketResult>`
