// Commands in tasks. The request goes through the same application as every other, so it is signed, refused and
// answered alike; only what it comes to is a WebSocket instead of a body.
import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Hono } from 'hono'
import { type WebSocket, WebSocketServer } from 'ws'
import { AppError, toErrorBody } from '../api/error.ts'
import { ERRORS } from '../api/errors.ts'
import { EXEC_FRAME_BYTES } from '../api/exec.ts'
import { EVENTS } from '../job/events.ts'
import type { Job, NewEvent } from '../job/job.ts'
import { attemptRef } from '../job/plan-input.ts'
import type { ExecRequest } from '../job/ports.ts'
import { refuseElsewhere } from './elsewhere.ts'
import { shownCommand } from './exec-record.ts'
import { runSession } from './exec-session.ts'
import type { Handlers } from './handlers.ts'
import { type ApiEnv, type ApiParts, jobOf, taskOf } from './parts.ts'

const MAX_SESSIONS = 64
/** For the last words to a client before its connection is taken away. */
const FAREWELL_MS = 1_000

type Wanted = {
  readonly job: Job
  readonly task: string
  readonly userName: string
  readonly request: Omit<ExecRequest, 'session'>
}
/** Where the application puts what was asked for; only there for a real upgrade. */
type Bindings = { wanted?: (wanted: Wanted) => void }

export type ExecParts = Pick<
  ApiParts,
  'store' | 'backend' | 'clock' | 'changed' | 'stopping' | 'execSessions'
>

/** Answers what a real upgrade then takes over. */
export const execHandlers = (parts: ApiParts): Handlers<'execInTask'> => ({
  execInTask: async ({ context, query: { command, columns, rows } }) => {
    const job = await jobOf(parts, context)
    const task = taskOf(job, context)
    await refuseElsewhere(parts, job, 'its tasks')
    const state = job.status.tasks.find((one) => one.task === task)?.state
    if (state !== 'running')
      throw new AppError(
        'JobStatusChanged',
        `task_id: ${task} is ${state === 'exited' || state === 'lost' ? 'over' : 'not running yet'}; valid: a task that is running`,
      )
    const wanted = (context.env as Bindings | undefined)?.wanted
    if (wanted === undefined)
      throw new AppError('InvalidParam', 'Upgrade: missing; valid: websocket, with this path')
    const terminal = columns !== undefined && rows !== undefined ? { columns, rows } : null
    wanted({ job, task, userName: context.get('principal').userName, request: { command, terminal } })
    return context.body(null, 204)
  },
})

/** Answers upgrade requests of a server until it is disposed; live sessions end then. */
export function serveExec(server: Server, app: Hono<ApiEnv>, parts: ExecParts): AsyncDisposable {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: EXEC_FRAME_BYTES + 1,
    perMessageDeflate: false,
  })
  const closing = new AbortController()
  const stopping = AbortSignal.any([parts.stopping, closing.signal])
  const live = new Set<Promise<void>>()
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => socket.destroy())
    upgrade(request, socket, head).catch(() => socket.destroy())
  }
  const upgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    const found: Wanted[] = []
    const answer = isForeign(request)
      ? errorAnswer(new AppError('Forbidden', 'Origin: names another site; valid: none, or this server'))
      : await askApplication(app, request, { wanted: (one) => void found.push(one) })
    const [wanted] = found
    if (wanted === undefined || !answer.ok) return refuse(socket, answer)
    // Looked at and taken in one go, so that many at once cannot pass it together.
    if (stopping.aborted) return void socket.destroy()
    if (live.size >= MAX_SESSIONS)
      return refuse(socket, errorAnswer(new AppError('TooManySessions', TOO_MANY)))
    sockets.handleUpgrade(request, socket, head, (connection) => {
      // What the client sends before the command is there must wait, or nobody would hear it.
      connection.pause()
      const session = converse(parts, wanted, connection, stopping).finally(() => live.delete(session))
      live.add(session)
    })
  }
  server.on('upgrade', onUpgrade)
  return {
    [Symbol.asyncDispose]: async () => {
      server.off('upgrade', onUpgrade)
      closing.abort()
      await Promise.all(live)
      await Promise.all([...sockets.clients].map(farewell))
      sockets.close()
    },
  }
}

const TOO_MANY = `exec: ${MAX_SESSIONS} sessions are open; valid: no more than that at a time`

/** A page of another site must not open a session with whatever a browser sends along. */
function isForeign({ headers: { host, origin } }: IncomingMessage): boolean {
  if (origin === undefined) return false
  return !URL.canParse(origin) || new URL(origin).host !== host
}

/** The connection has said its last; resolves when that has arrived, or after a moment. */
function farewell(connection: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => connection.terminate(), FAREWELL_MS)
    connection.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

async function askApplication(
  app: Hono<ApiEnv>,
  request: IncomingMessage,
  bindings: Bindings,
): Promise<Response> {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined) headers.set(name, [value].flat().join(', '))
  const url = `http://${request.headers.host ?? 'localhost'}${request.url ?? '/'}`
  return app.fetch(new Request(url, { method: request.method ?? 'GET', headers }), bindings)
}

const errorAnswer = (error: AppError): Response =>
  Response.json(toErrorBody(error), { status: ERRORS[error.code].status })

async function refuse(socket: Duplex, answer: Response): Promise<void> {
  // A path that answers well, but is none of ours.
  const said = answer.ok
    ? errorAnswer(new AppError('InvalidParam', 'Upgrade: got websocket; valid: none, with this path'))
    : answer
  const { status, headers } = said
  const body = Buffer.from(await said.arrayBuffer())
  const requestId = headers.get('x-request-id')
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}`,
    `Content-Type: ${headers.get('content-type') ?? 'text/plain'}`,
    `Content-Length: ${body.length}`,
    ...(requestId === null ? [] : [`X-Request-Id: ${requestId}`]),
    'Connection: close',
  ]
  socket.end(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]))
}

/** Runs one session and writes down that it was: first, because what is not on record must not run. Never rejects. */
async function converse(
  parts: ExecParts,
  wanted: Wanted,
  connection: WebSocket,
  stopping: AbortSignal,
): Promise<void> {
  const { store, backend, clock, changed, execSessions } = parts
  const { job, task, userName, request } = wanted
  const nowMs = () => clock.now().getTime()
  const say = async (event: NewEvent) => {
    await store.addEvents(job.id, [event], nowMs())
    changed.notify(job.id)
  }
  using ticket = execSessions.begin()
  const record: { end?: (code: number | null) => Promise<void> } = {}
  const code = await runSession(connection, stopping, async (signal) => {
    const secrets = Object.values(await store.secretEnvironment(job.id))
    const words = shownCommand(request.command, secrets)
    await say(EVENTS.execStarted(task, userName, words))
    const beganAtMs = nowMs()
    record.end = (result) => say(EVENTS.execEnded(task, words, result, nowMs() - beganAtMs))
    // The launcher beside the command hears of it at once; the backend sees to what does not listen.
    signal.addEventListener('abort', () => ticket[Symbol.dispose](), { once: true })
    if (signal.aborted) ticket[Symbol.dispose]()
    return backend.exec(attemptRef(job), task, { ...request, session: ticket.id }, signal)
  })
  await record.end?.(code).catch(() => undefined)
}
