import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Hono } from 'hono'
import { WebSocket } from 'ws'
import type { NewEvent } from '../job/job.ts'
import type { ExecRequest, ExecSession } from '../job/ports.ts'
import { ChangeSignal } from '../lib/signal.ts'
import { type ExecParts, serveExec } from './exec.ts'
import { ExecSessions } from './exec-sessions.ts'
import type { ApiEnv } from './parts.ts'

/** A server whose application lets everybody in, with programs that run until they are ended. */
async function start(t: TestContext, addEvents: (events: NewEvent[]) => Promise<void>) {
  const execSessions = new ExecSessions()
  const asked: ExecRequest[] = []
  const exec = async (_ref: unknown, _task: string, request: ExecRequest, signal: AbortSignal) => {
    asked.push(request)
    const exit = Promise.withResolvers<number>()
    signal.addEventListener('abort', () => exit.resolve(129))
    const session: ExecSession = {
      output: (async function* () {
        yield { stream: 'stdout' as const, bytes: Buffer.from('ready') }
        await exit.promise
      })(),
      write: async () => undefined,
      end: () => exit.resolve(0),
      resize: async () => undefined,
      exitCode: exit.promise,
      [Symbol.asyncDispose]: async () => exit.resolve(129),
    }
    return session
  }
  const job = { id: 'j', status: { attempt: 1, tasks: [] } }
  const parts = {
    store: {
      secretEnvironment: async () => ({ TOKEN: 'hunter2' }),
      addEvents: (_id: string, events: NewEvent[]) => addEvents(events),
    },
    backend: { exec },
    clock: { now: () => new Date() },
    changed: new ChangeSignal(),
    stopping: new AbortController().signal,
    execSessions,
  } as unknown as ExecParts
  const app = new Hono<ApiEnv>()
  app.get('/exec', (context) => {
    const { wanted } = context.env as unknown as { wanted: (wish: unknown) => void }
    wanted({ job, task: 'worker-0', userName: 'u', request: { command: ['x', 'hunter2'], terminal: null } })
    return context.body(null, 204)
  })
  app.get('/plain', (context) => context.text('plain'))
  const server = createServer()
  const serving = serveExec(server, app, parts)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    await serving[Symbol.asyncDispose]()
    server.close()
    server.closeAllConnections()
  })
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, asked, execSessions, serving }
}

const ready = async (url: string): Promise<WebSocket> => {
  const socket = new WebSocket(url)
  await once(socket, 'message')
  return socket
}
const refusal = async (url: string): Promise<number> => {
  const socket = new WebSocket(url)
  socket.on('error', () => undefined)
  const [, response] = await once(socket, 'unexpected-response')
  response.resume()
  return response.statusCode
}

test('the sixty-fifth session is refused, and let in when another one has ended', async (t) => {
  const { url, execSessions } = await start(t, async () => undefined)
  const sockets = await Promise.all(Array.from({ length: 64 }, () => ready(`${url}/exec`)))
  assert.equal(execSessions.count, 64)
  assert.equal(await refusal(`${url}/exec`), 429)
  sockets[0]?.send(JSON.stringify({ type: 'end' }))
  await once(sockets[0] as WebSocket, 'close')
  await ready(`${url}/exec`)
})

test('what cannot be put on record is not run', async (t) => {
  const { url, asked } = await start(t, async () => {
    throw new Error('no database')
  })
  const socket = new WebSocket(`${url}/exec`)
  const [text] = await once(socket, 'message')
  assert.deepEqual(JSON.parse(String(text)), { type: 'error', message: 'the command could not be run' })
  assert.deepEqual(asked, [])
})

test('both events name the command without its secrets, and the session is over after them', async (t) => {
  const events: NewEvent[] = []
  const { url, asked, execSessions, serving } = await start(t, async (more) => void events.push(...more))
  const socket = await ready(`${url}/exec`)
  const id = asked[0]?.session ?? ''
  const watched = execSessions.watch(id, 60_000, new AbortController().signal)
  socket.terminate()
  assert.equal(await watched, false)
  await serving[Symbol.asyncDispose]()
  assert.deepEqual(
    events.map(({ reason }) => reason),
    ['ExecStarted', 'ExecEnded'],
  )
  for (const { message } of events) assert.match(message, /x \*{6}/)
})

test('a WebSocket to a path that is none for it is refused', async (t) => {
  const { url } = await start(t, async () => undefined)
  assert.equal(await refusal(`${url}/plain`), 400)
  assert.equal(await refusal(`${url}/nowhere`), 404)
})
