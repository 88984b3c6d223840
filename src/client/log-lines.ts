// Log bytes as lines of text, each with the task that wrote it.
import type { LogPiece } from './follow-log.ts'
import { LineCutter } from './line-cutter.ts'

export type LogLine = {
  readonly task: string
  readonly stream: string
  readonly attempt: number
  /** Without its newline; bytes that are no UTF-8 are shown as U+FFFD. */
  readonly text: string
}

/** Lines in the order in which they became whole; the unfinished last ones at the end. */
export async function* toLines(pieces: AsyncIterable<LogPiece>): AsyncGenerator<LogLine> {
  const cutters = new Map<string, { readonly cutter: LineCutter; readonly of: Omit<LogLine, 'text'> }>()
  const line = (of: Omit<LogLine, 'text'>, bytes: Buffer): LogLine => ({
    ...of,
    text: bytes.toString('utf8').replace(/\r?\n$/, ''),
  })
  for await (const { task, stream, attempt, bytes } of pieces) {
    const key = `${attempt}/${task}/${stream}`
    const entry = cutters.get(key) ?? { cutter: new LineCutter(), of: { task, stream, attempt } }
    cutters.set(key, entry)
    for (const whole of entry.cutter.push(bytes)) yield line(entry.of, whole)
  }
  for (const { cutter, of } of cutters.values()) {
    const rest = cutter.end()
    if (rest.length > 0) yield line(of, rest)
  }
}
