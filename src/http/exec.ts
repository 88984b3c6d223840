// Commands in tasks. The request goes through the same application as every other, so it is signed, refused and
// answered alike; only what it comes to is a WebSocket instead of a body.
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Hono } from 'hono'
import { type WebSocket, WebSocketServer } from 'ws'
import { AppError } from '../api/error.ts'
import { EXEC_FRAME_BYTES, execQuery } from '../api/exec.ts'
import { ROUTES } from '../api/routes.ts'
import { EVENTS } from '../job/events.ts'
import type { Job } from '../job/job.ts'
import { attemptRef } from '../job/plan-input.ts'
import type { ExecRequest } from '../job/ports.ts'
import { runSession } from './exec-session.ts'
import { parseQuery } from './parse.ts'
import { type ApiEnv, type ApiParts, jobOf, taskOf } from './parts.ts'

const MAX_SESSIONS = 64

type Wanted = {
  readonly job: Job
  readonly task: string
  readonly userName: string
  readonly request: ExecRequest
}
/** Where the application puts what was asked for; only there for a real upgrade. */
type Bindings = { wanted?: (wanted: Wanted) => void }

export type ExecParts = Pick<ApiParts, 'store' | 'backend' | 'clock' | 'changed' | 'stopping'>

/** Adds the route to an application. */
export function execRoutes(app: Hono<ApiEnv>, parts: ApiParts): void {
  app.get(ROUTES.execInTask.path, async (context) => {
    const job = await jobOf(parts, context)
    const task = taskOf(job, context)
    const { command, columns, rows } = parseQuery(execQuery, context.req.query())
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
  })
}

/** Answers upgrade requests of a server until it is disposed; live sessions end then. */
export function serveExec(server: Server, app: Hono<ApiEnv>, parts: ExecParts): AsyncDisposable {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: EXEC_FRAME_BYTES + 1,
    perMessageDeflate: false,
  })
  const live = new Set<Promise<void>>()
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => socket.destroy())
    upgrade(request, socket, head).catch(() => socket.destroy())
  }
  const upgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    const found: Wanted[] = []
    const bindings: Bindings = { wanted: (one) => void found.push(one) }
    const answer = await askApplication(app, request, bindings, live.size)
    const [wanted] = found
    if (wanted === undefined || !answer.ok) return refuse(socket, answer)
    sockets.handleUpgrade(request, socket, head, (connection) => {
      // What the client sends before the command is there must wait, or nobody would hear it.
      connection.pause()
      const session = converse(parts, wanted, connection).finally(() => live.delete(session))
      live.add(session)
    })
  }
  server.on('upgrade', onUpgrade)
  return {
    [Symbol.asyncDispose]: async () => {
      server.off('upgrade', onUpgrade)
      for (const connection of sockets.clients) connection.terminate()
      sockets.close()
      await Promise.all(live)
    },
  }
}

async function askApplication(
  app: Hono<ApiEnv>,
  request: IncomingMessage,
  bindings: Bindings,
  sessions: number,
): Promise<Response> {
  const { host, origin } = request.headers
  // A page of another site must not open a session with whatever a browser sends along.
  if (origin !== undefined && new URL(origin).host !== host)
    return new Response('another origin', { status: 403 })
  if (sessions >= MAX_SESSIONS) return new Response(`${MAX_SESSIONS} sessions are open`, { status: 503 })
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined) headers.set(name, [value].flat().join(', '))
  return app.fetch(new Request(`http://${host ?? 'localhost'}${request.url ?? '/'}`, { headers }), bindings)
}

async function refuse(socket: Duplex, answer: Response): Promise<void> {
  const body = Buffer.from(await answer.arrayBuffer())
  const type = answer.headers.get('content-type') ?? 'text/plain'
  socket.end(
    `HTTP/1.1 ${answer.status} Refused\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body.toString('utf8')}`,
  )
}

const SHOWN_COMMAND = 200

/** Runs one session and writes down that it was. Never rejects. */
async function converse(parts: ExecParts, wanted: Wanted, connection: WebSocket): Promise<void> {
  const { store, backend, clock, changed, stopping } = parts
  const { job, task, userName, request } = wanted
  const say = async (event: Parameters<typeof store.addEvents>[1][number]) => {
    await store.addEvents(job.id, [event], clock.now().getTime()).catch(() => undefined)
    changed.notify(job.id)
  }
  const words = await shownCommand(parts, wanted)
  await say(EVENTS.execStarted(task, userName, words))
  const beganAtMs = clock.now().getTime()
  const open = (signal: AbortSignal) => backend.exec(attemptRef(job), task, request, signal)
  const code = await runSession(connection, open, stopping)
  await say(EVENTS.execEnded(task, words, code, clock.now().getTime() - beganAtMs))
}

/** The command for an event: values that are secret in this job do not stand in it. */
async function shownCommand({ store }: ExecParts, { job, request }: Wanted): Promise<string> {
  const secrets = Object.values(await store.secretEnvironment(job.id).catch(() => ({})))
  const text = request.command.length === 0 ? 'a shell' : request.command.join(' ')
  const masked = secrets
    .filter((secret) => secret.length > 0)
    .reduce((rest, secret) => rest.replaceAll(secret, '******'), text)
  const visible = masked.replace(/\p{Cc}/gu, ' ')
  return visible.length > SHOWN_COMMAND ? `${visible.slice(0, SHOWN_COMMAND)}…` : visible
}
