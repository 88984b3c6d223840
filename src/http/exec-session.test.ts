import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import type { ExecSession } from '../job/ports.ts'
import { runSession } from './exec-session.ts'

const PACE = { pingMs: 10, silentMs: 60 }

type Program = ExecSession & {
  exit(code: number): void
  takeInput(): void
  taken(): number
  readonly ended: Promise<void>
}

/** A program that prints nothing, takes no input before it is told to, and ends when told or disposed. */
function program(): Program {
  const exit = Promise.withResolvers<number>()
  const open = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  let bytes = 0
  return {
    output: (async function* () {
      yield { stream: 'stdout' as const, bytes: Buffer.from('ready') }
      await exit.promise
    })(),
    write: async (piece) => {
      await open.promise
      bytes += piece.length
    },
    end: () => exit.resolve(0),
    resize: async () => undefined,
    exitCode: exit.promise,
    exit: exit.resolve,
    takeInput: open.resolve,
    taken: () => bytes,
    ended: ended.promise,
    [Symbol.asyncDispose]: async () => {
      exit.resolve(129)
      ended.resolve()
    },
  }
}

/** A session over a real connection. */
async function start(t: TestContext, one: ExecSession, stopping = new AbortController().signal) {
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  const code = new Promise<number | null>((resolve) =>
    sockets.once('connection', (connection) => {
      connection.pause()
      const open = async (signal: AbortSignal) => {
        signal.addEventListener('abort', () => void one[Symbol.asyncDispose]())
        return one
      }
      resolve(runSession(connection, stopping, open, PACE))
    }),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  socket.on('error', () => undefined)
  const texts: unknown[] = []
  const ready = new Promise<void>((resolve) =>
    socket.on('message', (data, isBinary) => {
      if (isBinary) resolve()
      else texts.push(JSON.parse(String(data)))
    }),
  )
  t.after(() => {
    socket.terminate()
    server.close()
    server.closeAllConnections()
  })
  await ready
  return { socket, code, texts }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test('a client that answers, but types nothing, is left alone', async (t) => {
  const one = program()
  const { code, texts, socket } = await start(t, one)
  await pause(PACE.silentMs * 4)
  one.exit(7)
  assert.equal(await code, 7)
  await once(socket, 'close')
  assert.deepEqual(texts, [{ type: 'exit', code: 7 }])
})

test('a program that takes no input for long does not cost the connection', async (t) => {
  const one = program()
  const { socket, code } = await start(t, one)
  for (let n = 0; n < 64; n++) socket.send(Buffer.alloc(1 << 18), { binary: true })
  await pause(PACE.silentMs * 4)
  assert.equal(socket.readyState, WebSocket.OPEN)
  one.takeInput()
  socket.send(JSON.stringify({ type: 'end' }))
  assert.equal(await code, 0)
  assert.equal(one.taken(), 64 * ((1 << 18) - 1))
})

test('a client that is gone while the program takes no input ends the session', async (t) => {
  const one = program()
  const { socket, code } = await start(t, one)
  for (let n = 0; n < 64; n++) socket.send(Buffer.alloc(1 << 18), { binary: true })
  await pause(PACE.pingMs)
  socket.terminate()
  await one.ended
  one.takeInput()
  assert.equal(await code, null)
})

test('a client that answers no pings is given up', async (t) => {
  const one = program()
  const { socket, code } = await start(t, one)
  // As a machine that was switched off: it takes nothing and says nothing.
  socket.pause()
  assert.equal(await code, null)
  await one.ended
})

test('a frame nobody understands ends the session with a close code', async (t) => {
  const { socket, code } = await start(t, program())
  socket.send('{"type":"dance"}')
  const [closeCode] = await once(socket, 'close')
  assert.equal(closeCode, 1007)
  assert.equal(await code, null)
})

test('a stopping server says so', async (t) => {
  const stop = new AbortController()
  const { socket, code, texts } = await start(t, program(), stop.signal)
  stop.abort()
  assert.equal(await code, null)
  await once(socket, 'close')
  assert.deepEqual(texts, [{ type: 'error', message: 'the server is stopping' }])
})
