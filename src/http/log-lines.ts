// ModelArts' other two ways to a log (rows 11 and 13 of modelarts.md §1.2): a link to its file, and lines by their number.
import { AppError } from '../api/error.ts'
import type { LogLines } from '../api/log-lines.ts'
import { routePath } from '../api/routes.ts'
import { openText, signText } from '../auth/signed-text.ts'
import type { Job } from '../job/job.ts'
import { linesAfter, linesBefore } from '../log/lines.ts'
import type { Call } from './handlers.ts'
import { apiAddress } from './identity/catalog.ts'
import { attemptOf, fileNameOf, refuseEmpty, refuseExpired } from './log-of-task.ts'
import { type ApiParts, findJob, jobOf, taskOf } from './parts.ts'

/** As ModelArts' links (modelarts.md §1.6). */
const LINK_MS = 5 * 60_000
const PREFIX = 'rwlog1'
const PIECE = 1 << 20

/** What a link opens, until when. */
type Link = {
  readonly project: string
  readonly job: string
  readonly attempt: number
  readonly task: string
  readonly save: boolean
  readonly expiresAtMs: number
}

const keyOf = (job: Job, task: string, attempt = attemptOf(job)) =>
  ({ jobId: job.id, attempt, task, stream: 'task' }) as const

export async function showUrl(parts: ApiParts, { context, query }: Call<'showLogUrl'>) {
  const job = await jobOf(parts, context)
  const task = taskOf(job, context)
  if ((await parts.logs.length(keyOf(job, task))) === 0) await refuseEmpty(parts, job, task)
  const wanted = query['Content-Type'] ?? context.req.header('content-type') ?? ''
  const link: Link = {
    ...{ project: job.projectId, job: job.id, attempt: attemptOf(job), task },
    save: wanted.startsWith('application/octet-stream'),
    expiresAtMs: parts.clock.now().getTime() + LINK_MS,
  }
  const url = new URL(routePath('downloadLog', {}), apiAddress(parts.addresses, context))
  url.searchParams.set('token', signText(parts.linkKey, PREFIX, link))
  return { obs_url: url.href }
}

/** Whoever has the link has the file: it is signed by us and short-lived. */
export async function download(parts: ApiParts, { query }: Call<'downloadLog'>): Promise<Response> {
  const link = openText(parts.linkKey, PREFIX, query.token) as Link | null
  if (link === null || link.expiresAtMs < parts.clock.now().getTime())
    throw new AppError('LinkExpired', 'token: the link has expired or is none of ours; valid: a new one')
  const job = await findJob(parts, link.project, link.job, 'token')
  await refuseExpired(parts, job)
  const key = keyOf(job, link.task, link.attempt)
  const length = await parts.logs.length(key)
  const name = fileNameOf(job, link.task, 'task')
  return new Response(streamOf(parts, key, length), {
    headers: {
      'Content-Type': link.save ? 'application/octet-stream' : 'text/plain; charset=utf-8',
      'Content-Length': String(length),
      'Content-Disposition': `${link.save ? 'attachment' : 'inline'}; filename="${name}"`,
      // What a program printed is text, whatever it looks like.
      'X-Content-Type-Options': 'nosniff',
      'Content-Security-Policy': 'sandbox',
      'Cache-Control': 'no-store',
    },
  })
}

/** The file as it is now; what is printed meanwhile is for the next link. */
function streamOf(
  { logs }: ApiParts,
  key: ReturnType<typeof keyOf>,
  length: number,
): ReadableStream<Uint8Array> {
  let offset = 0
  return new ReadableStream({
    pull: async (controller) => {
      const bytes = await logs.read(key, offset, Math.min(PIECE, length - offset))
      offset += bytes.length
      if (bytes.length > 0) controller.enqueue(new Uint8Array(bytes))
      if (bytes.length === 0 || offset >= length) controller.close()
    },
  })
}

/** The newest lines, those before one, or those after one. Without any the answer repeats the base line. */
export async function showLines(
  parts: ApiParts,
  { context, query: { base_line: base, lines: count, order } }: Call<'showLogLines'>,
): Promise<LogLines> {
  const job = await jobOf(parts, context)
  const task = taskOf(job, context)
  const key = keyOf(job, task)
  const length = await parts.logs.length(key)
  if (length === 0) await refuseEmpty(parts, job, task)
  const read = (offset: number, limit: number) => parts.logs.read(key, offset, limit)
  const found =
    order === 'asc'
      ? await linesAfter(read, base === '' ? null : Number(base), count)
      : (await linesBefore(read, Math.min(base === '' ? length : Number(base), length), count)).reverse()
  return {
    start_line: String(found[0]?.offset ?? base),
    end_line: String(found.at(-1)?.offset ?? base),
    lines: found.length,
    content: found.map(({ text }) => `${text}\n`).join(''),
  }
}
