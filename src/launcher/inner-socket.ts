// What the task's launcher offers to launchers started by the user's program: the complete environment, a way to hand
// over rank output framed by rank, and reports; to moxing, moving files. HTTP over a Unix socket in the spool folder,
// for the task's user only.
import { chmodSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { TaskReport } from '../api/task.ts'
import type { Environment } from './environment.ts'
import { LineSplitter } from './lines.ts'
import type { ObjectPort } from './ports.ts'

export const INNER_ROUTES = {
  environment: '/environment',
  output: '/output',
  reports: '/reports',
  /** Known to container/moxing/moxing/_movers.py. */
  moves: '/moves',
} as const

/** Streams a rank may write to; `task` gets whole lines of all of them. */
const STREAM = /^rank-\d{1,5}$/
const MAX_REPORT_BYTES = 64 * 1024

export type InnerOptions = {
  readonly path: string
  readonly environment: Environment
  readonly append: (stream: string, bytes: Buffer) => void
  readonly tell: (report: TaskReport) => void
  readonly move: ObjectPort['move']
}

/** Answers until disposed. */
export async function openInnerSocket(options: InnerOptions): Promise<AsyncDisposable> {
  const server = createServer({ requestTimeout: 0, headersTimeout: 0 }, (request, response) => {
    if (request.method === 'POST' && request.url === INNER_ROUTES.moves) {
      moveFiles(options, request, response).catch(() => response.destroy())
      return
    }
    answer(options, request).then(
      ({ status, body }) => reply(response, status, body),
      () => response.destroy(),
    )
  })
  rmSync(options.path, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.path, () => resolve())
  })
  chmodSync(options.path, 0o600)
  return {
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

type Answer = { readonly status: number; readonly body: unknown }

async function answer(options: InnerOptions, request: IncomingMessage): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://launcher')
  const route = `${request.method} ${url.pathname}`
  if (route === `GET ${INNER_ROUTES.environment}`) return { status: 200, body: options.environment }
  if (route === `POST ${INNER_ROUTES.output}`)
    return takeOutput(options, url.searchParams.get('stream') ?? '', request)
  if (route === `POST ${INNER_ROUTES.reports}`) return takeReport(options, request)
  return { status: 404, body: { message: `nothing is at ${route}` } }
}

/** One request per rank, as long as the rank lives. The answer says how many bytes arrived. */
async function takeOutput(
  { append }: InnerOptions,
  stream: string,
  request: IncomingMessage,
): Promise<Answer> {
  if (!STREAM.test(stream))
    return { status: 400, body: { message: `stream: got ${JSON.stringify(stream)}; valid: rank-N` } }
  const lines = new LineSplitter()
  let length = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length
      append(stream, chunk)
      append('task', lines.push(chunk))
    }
  } finally {
    append('task', lines.end())
  }
  return { status: 200, body: { length } }
}

/** Ends with the caller: a script that was killed wants no files any more. */
async function moveFiles(
  { move }: InnerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController()
  response.on('close', () => gone.abort(new Error('the script that asked for the files is gone')))
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  await move(request, (line) => void response.write(line), gone.signal)
  response.end()
}

async function takeReport({ tell }: InnerOptions, request: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_REPORT_BYTES)
      return { status: 413, body: { message: `at most ${MAX_REPORT_BYTES} bytes` } }
    chunks.push(chunk)
  }
  // The server checks every report against the contract; only the end of the task is ours alone to tell.
  const report = parseReport(Buffer.concat(chunks).toString())
  if (!report) return { status: 400, body: { message: 'valid: a rank, stage or problem report' } }
  tell(report)
  return { status: 200, body: {} }
}

function parseReport(text: string): TaskReport | null {
  try {
    const report: unknown = JSON.parse(text)
    const kind = typeof report === 'object' && report !== null && 'kind' in report ? report.kind : null
    return kind === 'rank' || kind === 'stage' || kind === 'problem' ? (report as TaskReport) : null
  } catch {
    return null
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
