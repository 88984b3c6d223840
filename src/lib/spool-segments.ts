// The log spool of a task on disk, as its launcher writes it and as the server reads what is left of it.
// A stream is a sequence of bytes, cut into files `<stream>.<offset of the first byte, 20 digits>`, append only.
// Old segments go once the server has them. The folder is writable for the task, so nothing in it is trusted:
// links are not followed and only regular files are read.
import { constants } from 'node:fs'
import { lstat, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

const NAME = /^([a-z][a-z0-9-]{0,63})\.(\d{20})$/

export type Segment = { readonly name: string; readonly start: number; readonly sizeBytes: number }

/** Bytes from an offset; `gapBytes` of the stream before them are missing for ever (0 when nothing is). */
export type SpoolRead = { readonly gapBytes: number; readonly bytes: Buffer }

/** File name of the segment of `stream` whose first byte stands at `start`. */
export const segmentName = (stream: string, start: number): string =>
  `${stream}.${String(start).padStart(20, '0')}`

/** The reverse of segmentName; null for any other file. */
export function parseSegmentName(name: string): { stream: string; start: number } | null {
  const match = NAME.exec(name)
  const start = Number(match?.[2])
  return match?.[1] && Number.isSafeInteger(start) ? { stream: match[1], start } : null
}

/** Streams that have a segment, in name order. A missing folder has none. */
export async function listStreams(dir: string): Promise<string[]> {
  const names = await namesIn(dir)
  return [...new Set(names.flatMap((name) => parseSegmentName(name)?.stream ?? []))].sort()
}

/** Segments of a stream in the order of their offsets. A missing folder has none. */
export async function listSegments(dir: string, stream: string): Promise<Segment[]> {
  return (await listSpool(dir, (name) => name === stream)).get(stream) ?? []
}

/** Segments of every stream that is wanted, by stream in name order: one look at the folder, however many files it holds. */
export async function listSpool(
  dir: string,
  wanted: (stream: string) => boolean = () => true,
): Promise<Map<string, Segment[]>> {
  const found: (Segment & { readonly stream: string })[] = []
  for (const name of await namesIn(dir)) {
    const parsed = parseSegmentName(name)
    if (parsed === null || !wanted(parsed.stream)) continue
    const stat = await lstat(join(dir, name)).catch(() => null)
    if (stat?.isFile()) found.push({ ...parsed, name, sizeBytes: stat.size })
  }
  found.sort((a, b) => a.start - b.start)
  return new Map([...Map.groupBy(found, ({ stream }) => stream)].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/**
 * Reads a stream whose segments do not change any more, front to back. A call gives at most `maxBytes` from `offset`,
 * over as many segments as it takes; empty at the end of the stream. Where bytes are missing it goes on at the next
 * segment and says how many. The time of all calls together grows with the number of segments, not with its square.
 */
export function spoolReader(
  dir: string,
  segments: readonly Segment[],
): (offset: number, maxBytes: number) => Promise<SpoolRead> {
  let next = 0
  let lastOffset = 0
  return async (offset, maxBytes) => {
    if (offset < lastOffset) next = 0
    lastOffset = offset
    const pieces: Buffer[] = []
    let first = offset
    let at = offset
    while (at - first < maxBytes) {
      while (next < segments.length && endOf(segments[next]) <= at) next += 1
      const segment = segments[next]
      if (!segment || (pieces.length > 0 && segment.start > at)) break
      const from = Math.max(at, segment.start)
      if (pieces.length === 0) first = from
      const length = Math.min(maxBytes - (from - first), endOf(segment) - from)
      const bytes = await readRegular(join(dir, segment.name), from - segment.start, length)
      if (bytes.length === 0) break
      pieces.push(bytes)
      at = from + bytes.length
      if (bytes.length < length) break
    }
    return { gapBytes: pieces.length > 0 ? first - offset : 0, bytes: Buffer.concat(pieces) }
  }
}

const endOf = (segment: Segment | undefined): number => (segment ? segment.start + segment.sizeBytes : 0)

/** One read of a stream that may still change: as `spoolReader`, from a new look at the folder. */
export async function readFrom(
  dir: string,
  stream: string,
  offset: number,
  maxBytes: number,
): Promise<SpoolRead> {
  return await spoolReader(dir, await listSegments(dir, stream))(offset, maxBytes)
}

async function readRegular(path: string, position: number, length: number): Promise<Buffer> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const file = await open(path, flags).catch(() => null)
  if (!file) return Buffer.alloc(0)
  try {
    if (!(await file.stat()).isFile()) return Buffer.alloc(0)
    const buffer = Buffer.alloc(length)
    const { bytesRead } = await file.read(buffer, 0, length, position)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

async function namesIn(dir: string): Promise<string[]> {
  return readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
    throw error
  })
}
