// A socket in front of an engine's, on which a test acts at the moment of its choice.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type EngineProxy = AsyncDisposable & { readonly host: string }

/** `before` is waited for before each request goes on to the engine. */
export async function startEngineProxy(
  engineSocket: string,
  before: (method: string, path: string) => Promise<void>,
): Promise<EngineProxy> {
  const dir = mkdtempSync(join(tmpdir(), 'rwp-'))
  const path = join(dir, 'docker.sock')
  const server = createServer((asked, answer) => void pass(engineSocket, before, asked, answer))
  // Attached streams leave HTTP.
  server.on('upgrade', (asked: IncomingMessage, socket: Socket, head: Buffer) => {
    const engine = connect(engineSocket)
    const headers = asked.rawHeaders.map((text, at) => (at % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('')
    engine.write(`${asked.method} ${asked.url} HTTP/1.1\r\n${headers}\r\n`)
    engine.write(head)
    socket.pipe(engine).pipe(socket)
    for (const end of [socket, engine]) end.on('error', () => [socket, engine].map((one) => one.destroy()))
  })
  server.listen(path)
  await once(server, 'listening')
  return {
    host: `unix://${path}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      rmSync(dir, { recursive: true })
    },
  }
}

async function pass(
  socketPath: string,
  before: (method: string, path: string) => Promise<void>,
  asked: IncomingMessage,
  answer: ServerResponse,
): Promise<void> {
  const { method = '', url = '', headers } = asked
  try {
    await before(method, url)
  } catch (error) {
    // A test that waits for an answer that never comes says nothing.
    answer.writeHead(500).end(JSON.stringify({ message: `the test's own proxy: ${String(error)}` }))
    return
  }
  const onward = request({ socketPath, method, path: url, headers }, (reply) => {
    answer.writeHead(reply.statusCode ?? 502, reply.headers)
    answer.flushHeaders()
    reply.pipe(answer)
  })
  onward.on('error', () => answer.destroy())
  answer.on('close', () => onward.destroy())
  asked.pipe(onward)
}
