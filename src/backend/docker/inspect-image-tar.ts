// Reads the archive of a file system as an engine streams it, entry by entry, and shows each to a scan. What it holds is
// somebody else's work: memory does not grow with it, whatever its headers claim.
import type { Readable } from 'node:stream'
import { extract, type Headers } from 'tar-stream'
import type { Entry, FileScan } from '../../image-check/file-scan.ts'

/** An archive that is damaged, or that says nothing for too long. */
export class ArchiveError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'ArchiveError'
  }
}

export type ArchivePatience = {
  /** Without a byte for so long, or a reader that is stuck for so long, it has failed. */
  readonly silenceMs: number
}

/** Headers of an entry are kept until they are whole: 64 KiB for each attribute, some attributes. */
const MOST_HEADER_BYTES = 4 << 20
const PROGRESS_MS = 500

const KINDS: Readonly<Record<string, Entry['kind']>> = {
  file: 'file',
  'contiguous-file': 'file',
  directory: 'folder',
  symlink: 'link',
  link: 'hard-link',
}

/** Ids above 2,097,151 do not fit into the old fields and stand in the pax header alone. */
function numberOf(header: Headers, name: 'uid' | 'gid'): number {
  const pax = (header as { pax?: Record<string, string> | null }).pax?.[name]
  return pax !== undefined && /^\d{1,10}$/.test(pax) ? Number(pax) : (header[name] ?? 0)
}

function entryOf(header: Headers): Entry {
  const sizeBytes = header.size ?? 0
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0)
    throw new ArchiveError(`an entry has the size ${String(sizeBytes)}`)
  return {
    name: header.name,
    kind: KINDS[header.type ?? ''] ?? 'other',
    mode: header.mode ?? 0,
    uid: numberOf(header, 'uid'),
    gid: numberOf(header, 'gid'),
    sizeBytes,
    target: header.linkname ?? '',
  }
}

/**
 * Shows every entry of the archive to `scan`, until it ends or the scan has enough. Destroys the stream in the end.
 * Throws ArchiveError, the stream's own errors, or the signal's reason.
 */
export async function scanTar(
  stream: Readable,
  scan: FileScan,
  onProgress: () => void,
  signal: AbortSignal,
  { silenceMs }: ArchivePatience,
): Promise<void> {
  const tar = extract()
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => undefined)
  let heardAt = performance.now()
  let headerBytes = 0
  const fail = (reason: unknown): void => {
    failed.reject(reason)
    stream.destroy()
  }
  const onAbort = (): void => fail(signal.reason)
  const watch = setInterval(() => {
    onProgress()
    if (performance.now() - heardAt > silenceMs)
      fail(new ArchiveError(`nothing was heard for ${silenceMs / 1000} s`))
  }, PROGRESS_MS)
  tar.on('error', (cause: Error) => fail(new ArchiveError(cause.message, { cause })))
  tar.on('entry', (header, body, next) => {
    try {
      takeEntry(scan, header, body, next, () => {
        headerBytes = 0
      })
    } catch (error) {
      fail(error)
    }
  })
  try {
    signal.throwIfAborted()
    signal.addEventListener('abort', onAbort, { once: true })
    const write = async (): Promise<void> => {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        heardAt = performance.now()
        headerBytes += chunk.length
        if (headerBytes > MOST_HEADER_BYTES) throw new ArchiveError('an entry has too large a header')
        if (!tar.write(chunk)) await new Promise<void>((resolve) => tar.once('drain', () => resolve()))
        if (scan.stoppedBecause !== null) return
      }
      const finished = new Promise<void>((resolve) => tar.once('finish', () => resolve()))
      tar.end()
      await finished
    }
    await Promise.race([write(), failed.promise])
    onProgress()
  } finally {
    signal.removeEventListener('abort', onAbort)
    clearInterval(watch)
    stream.destroy()
    tar.destroy()
  }
}

/** `onBytes` hears that the archive goes on. */
function takeEntry(
  scan: FileScan,
  header: Headers,
  body: NodeJS.ReadableStream,
  next: () => void,
  onBytes: () => void,
): void {
  onBytes()
  const wanted = scan.see(entryOf(header))
  const kept: Buffer[] = []
  let left = wanted
  body.on('data', (chunk: Buffer) => {
    onBytes()
    if (left <= 0) return
    // A copy: the piece it is cut from would stay with it.
    kept.push(Buffer.from(chunk.subarray(0, left)))
    left -= chunk.length
  })
  // Told by the archive itself.
  body.on('error', () => undefined)
  body.once('end', () => {
    if (wanted > 0) scan.content(Buffer.concat(kept))
    next()
  })
}
