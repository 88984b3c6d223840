// Logs on the wire: ModelArts' preview, and our own reads by byte offset.
import { z } from 'zod'

/** #12: the tail of a task's log, at most 5 MiB. */
export const logPreview = z.object({
  content: z.string(),
  current_size: z.number().int(),
  full_size: z.number().int(),
})
export type LogPreview = z.infer<typeof logPreview>

/**
 * `GET /ropeway/v1/{project}/training-jobs/{id}/tasks/{task}/logs/{stream}`: raw bytes from `offset`, at most `limit`.
 * With `wait_s` the answer waits for a first byte. Headers of the answer: Ropeway-Log-Offset (of the first byte),
 * Ropeway-Log-Next (where to go on), Ropeway-Log-End ("true" when the task has ended and nothing follows).
 */
export const logReadQuery = z.object({
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(8 << 20)
    .default(1 << 20),
  wait_s: z.coerce.number().min(0).max(60).default(0),
  attempt: z.coerce.number().int().min(1).max(9999).optional(),
  /** `attachment` adds a Content-Disposition with the file name of modelarts.md §3.9. */
  download: z.enum(['true', 'false']).default('false'),
})

export const LOG_HEADERS = {
  offset: 'Ropeway-Log-Offset',
  next: 'Ropeway-Log-Next',
  end: 'Ropeway-Log-End',
} as const

/** `GET …/tasks/{task}/logs`: the streams a task has written. */
export const logStreams = z.object({
  streams: z.array(
    z.object({
      stream: z.string(),
      file_name: z.string(),
      attempt: z.number().int(),
      length: z.number().int(),
    }),
  ),
})
export type LogStreams = z.infer<typeof logStreams>
