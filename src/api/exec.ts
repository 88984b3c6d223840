// A command in a task, over a WebSocket. Binary frames carry bytes, the first one says which stream; text frames are
// JSON and carry everything else. An error before the connection is an ordinary HTTP answer.
import { z } from 'zod'

/** First byte of a binary frame. The client sends `stdin` only. */
export const EXEC_STREAM = { stdin: 0, stdout: 1, stderr: 2 } as const
/** Largest frame either side sends. */
export const EXEC_FRAME_BYTES = 1 << 20
/** The server pings this often. Who hears nothing for EXEC_SILENT_MS, while it listens, takes the other for dead. */
export const EXEC_PING_MS = 5_000
export const EXEC_SILENT_MS = 30_000
/** Longest `command` as it stands in the address, escaped: an HTTP request line has no room for more. */
export const EXEC_COMMAND_BYTES = 12_000

const side = z.coerce.number().int().min(1).max(10_000)

/**
 * Query of `GET …/tasks/{task}/exec`. `command` is a JSON array of words, empty for the image's shell; `columns` and
 * `rows` together ask for a terminal.
 */
export const execQuery = z.object({
  command: z
    .string()
    .max(EXEC_COMMAND_BYTES)
    .default('[]')
    .transform((text, context): string[] => {
      try {
        return z.array(z.string()).max(1000).parse(JSON.parse(text))
      } catch {
        context.addIssue({ code: 'custom', message: 'must be a JSON array of texts' })
        return z.NEVER
      }
    }),
  columns: side.optional(),
  rows: side.optional(),
})

/** Text frames of the client. */
export const execInput = z.discriminatedUnion('type', [
  z.object({ type: z.literal('resize'), columns: side, rows: side }),
  z.object({ type: z.literal('end') }),
])
export type ExecInput = z.infer<typeof execInput>

/** The last text frame of the server. */
export const execOutput = z.discriminatedUnion('type', [
  z.object({ type: z.literal('exit'), code: z.number().int() }),
  z.object({ type: z.literal('error'), message: z.string() }),
])
export type ExecOutput = z.infer<typeof execOutput>
