// ModelArts' other two ways to a log: a link to its file, and lines by their number (modelarts.md §1.6, #11 and #13).
import { z } from 'zod'

/** `text/plain` shows the log in a browser, `application/octet-stream` saves it. The documents have it as a header; one
 *  sample gives it in the query. */
export const logUrlQuery = z.object({
  'Content-Type': z.enum(['text/plain', 'application/octet-stream']).optional(),
})
/** Valid for five minutes. */
export const logUrl = z.object({ obs_url: z.string() })

/** Of the link itself. */
export const logDownloadQuery = z.object({ token: z.string('must be given').max(2048) })

/**
 * Lines before `base_line` (`desc`, the newest first) or after it (`asc`). The number of a line is the offset of its
 * first byte: it never changes, and the server finds it at once in a log of any size.
 */
export const logLinesQuery = z.object({
  base_line: z
    .string()
    .regex(/^\d{0,15}$/, 'must be the start_line or end_line of an answer')
    .default(''),
  lines: z.coerce.number().int().min(1, 'must be 1 to 500').max(500, 'must be 1 to 500').default(50),
  order: z.enum(['asc', 'desc']).default('desc'),
})
export const logLines = z.object({
  start_line: z.string(),
  end_line: z.string(),
  lines: z.number().int(),
  content: z.string(),
})
export type LogLines = z.infer<typeof logLines>
