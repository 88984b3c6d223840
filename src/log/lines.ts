// Lines of a log, found from an offset backwards or forwards without reading the rest.

/** `bytes` of the stream from `offset`, at most `limit`; fewer only at its end. */
export type ReadBytes = (offset: number, limit: number) => Promise<Uint8Array>

/** `offset` is that of its first byte. */
export type LogLine = { readonly offset: number; readonly text: string }

const PIECE = 64 << 10
/** A line without an end does not become the whole of a gigabyte. */
const MOST = 8 << 20

/** Up to `count` lines that begin before `end`, in their order. */
export async function linesBefore(read: ReadBytes, end: number, count: number): Promise<LogLine[]> {
  let begin = end
  let bytes: Buffer = Buffer.alloc(0)
  // One line end more than lines: the first piece of the oldest line must be seen to begin.
  while (begin > 0 && bytes.length < MOST && lineEnds(bytes) <= count) {
    const from = Math.max(0, begin - PIECE)
    bytes = Buffer.concat([await read(from, begin - from), bytes])
    begin = from
  }
  const lines = split(bytes, begin)
  return (begin > 0 ? lines.slice(1) : lines).slice(-count)
}

/** Up to `count` lines that begin after the one at `after`, or from the start when that is null. */
export async function linesAfter(read: ReadBytes, after: number | null, count: number): Promise<LogLine[]> {
  const begin = after ?? 0
  let bytes: Buffer = Buffer.alloc(0)
  const wanted = after === null ? count : count + 1
  while (bytes.length < MOST && lineEnds(bytes) < wanted) {
    const piece = await read(begin + bytes.length, PIECE)
    if (piece.length === 0) break
    bytes = Buffer.concat([bytes, piece])
  }
  const lines = split(bytes, begin)
  return (after === null ? lines : lines.slice(1)).slice(0, count)
}

const NEWLINE = 10

function lineEnds(bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) count++
  return count
}

function split(bytes: Buffer, offset: number): LogLine[] {
  const lines: LogLine[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, at)
    const next = end < 0 ? bytes.length : end + 1
    lines.push({ offset: offset + at, text: bytes.subarray(at, end < 0 ? next : end).toString('utf8') })
    at = next
  }
  return lines
}
