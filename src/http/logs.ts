// Logs of a task: ModelArts' preview (row 12), and our reads by byte offset, which a client can follow without loss.
import { AppError } from '../api/error.ts'
import { LOG_HEADERS, type LogPreview } from '../api/log.ts'
import { logStream } from '../api/task.ts'
import type { Job } from '../job/job.ts'
import { isTerminal } from '../job/phase.ts'
import { refuseElsewhere } from './elsewhere.ts'
import type { Call, Handlers } from './handlers.ts'
import { download, showLines, showUrl } from './log-lines.ts'
import { attemptOf, fileNameOf, refuseEmpty, refuseExpired } from './log-of-task.ts'
import { type ApiContext, type ApiParts, jobOf, taskOf } from './parts.ts'

const PREVIEW_BYTES = 5 << 20

type Names = 'previewLog' | 'showLogUrl' | 'downloadLog' | 'showLogLines' | 'listLogStreams' | 'readLog'

export const logHandlers = (parts: ApiParts): Handlers<Names> => ({
  showLogUrl: (call) => showUrl(parts, call),
  downloadLog: (call) => download(parts, call),
  showLogLines: (call) => showLines(parts, call),
  previewLog: ({ context }) => preview(parts, context),
  listLogStreams: async ({ context }) => {
    const job = await jobOf(parts, context)
    const task = taskOf(job, context)
    const streams = (await parts.logs.streams(job.id)).filter((stream) => stream.task === task)
    if (streams.length === 0) await refuseElsewhere(parts, job, 'its logs')
    return {
      streams: streams.map(({ stream, attempt, length }) => ({
        stream,
        attempt,
        length,
        file_name: fileNameOf(job, task, stream),
      })),
    }
  },
  readLog: (call) => read(parts, call),
})

async function preview(parts: ApiParts, context: ApiContext): Promise<LogPreview> {
  const job = await jobOf(parts, context)
  const task = taskOf(job, context)
  const key = { jobId: job.id, attempt: attemptOf(job), task, stream: 'task' }
  const { content, fullSize } = await parts.logs.preview(key, PREVIEW_BYTES)
  if (fullSize === 0) await refuseEmpty(parts, job, task)
  return { content, current_size: Buffer.byteLength(content), full_size: fullSize }
}

/** Bytes from `offset`. The end is announced only when the job is over and nothing follows. */
async function read(parts: ApiParts, { context, query }: Call<'readLog'>): Promise<Response> {
  const asked = await jobOf(parts, context)
  const task = taskOf(asked, context)
  const stream = logStream.safeParse(context.req.param('stream'))
  if (!stream.success) throw new AppError('QueryParamsError', 'stream: valid: "task" or "rank-<number>"')
  const key = { jobId: asked.id, attempt: query.attempt ?? attemptOf(asked), task, stream: stream.data }
  if ((await parts.logs.length(key)) === 0) await refuseElsewhere(parts, asked, 'its logs')
  await waitForBytes(parts, context, key, query.offset, query.wait_s * 1000)
  // The job first, its bytes after: whoever sees the job at its end also sees the last byte.
  const job = await jobOf(parts, context)
  const bytes = await parts.logs.read(key, query.offset, query.limit)
  const next = query.offset + bytes.length
  const ended = isOver(job, key.attempt) && next >= (await parts.logs.length(key))
  if (bytes.length === 0) await refuseExpired(parts, job)
  return new Response(new Uint8Array(bytes), {
    headers: {
      'Content-Type': 'application/octet-stream',
      'X-Content-Type-Options': 'nosniff',
      'X-Request-Id': context.get('requestId'),
      [LOG_HEADERS.offset]: String(query.offset),
      [LOG_HEADERS.next]: String(next),
      [LOG_HEADERS.end]: String(ended),
      ...(query.download === 'true'
        ? { 'Content-Disposition': `attachment; filename="${fileNameOf(job, task, stream.data)}"` }
        : {}),
    },
  })
}

/** Nothing can follow: the job has ended, or a later attempt runs. */
const isOver = (job: Job, attempt: number): boolean =>
  isTerminal(job.status.phase) || attempt < job.status.attempt

/** Until the stream is longer than `offset`, the job's row changes, the job is over, or the time is. */
async function waitForBytes(
  parts: ApiParts,
  context: ApiContext,
  key: Parameters<ApiParts['logs']['waitForMore']>[0],
  offset: number,
  timeoutMs: number,
): Promise<void> {
  if (timeoutMs === 0) return
  const done = new AbortController()
  const signal = AbortSignal.any([parts.stopping, context.req.raw.signal, done.signal])
  try {
    // Listening begins before looking, so that nothing slips between.
    const change = parts.changed.wait(key.jobId, timeoutMs, signal)
    if (isOver(await jobOf(parts, context), key.attempt)) return
    await Promise.race([parts.logs.waitForMore(key, offset, timeoutMs, signal), change])
  } finally {
    done.abort()
  }
}
