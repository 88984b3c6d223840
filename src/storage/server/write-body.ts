// Writes one body file: data in big pieces, then the trailer, then a flush. Whatever goes wrong, the file is gone.
import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { crc32Text } from '../crc32.ts'
import type { Turns } from '../turns.ts'
import { writePieces } from '../write-pieces.ts'
import type { BodyFiles } from './body-files.ts'
import { encodeTrailer, type Trailer } from './body-trailer.ts'
import { diskFullAsRefusal, StorageError } from './storage-error.ts'

/** The largest body of one request: what S3 and OBS allow. */
export const MAX_BODY_BYTES = 5 * 1024 ** 3

/** Written at once, and summed up in one go, which takes two milliseconds. */
const WRITE_BYTES = 1024 * 1024
/** What is smaller is summed up faster than a turn comes. */
const SMALL_BYTES = 256 * 1024

/** What was written. `md5` is hex, `crc32` is base64. */
export type Written = { readonly size: number; readonly md5: string; readonly crc32: string }

export type WrittenBody = Written & { readonly file: string }

async function copyIn(handle: FileHandle, source: AsyncIterable<Uint8Array>, turns: Turns): Promise<Written> {
  const hash = createHash('md5')
  let size = 0
  let crc = 0
  let written = 0
  let pieces: Uint8Array[] = []
  const flush = async (): Promise<void> => {
    if (size - written > SMALL_BYTES) await turns()
    for (const piece of pieces) {
      hash.update(piece)
      crc = crc32(piece, crc)
    }
    await writePieces(handle, pieces, written)
    written = size
    pieces = []
  }
  for await (const chunk of source) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) throw new StorageError('EntityTooLarge')
    pieces.push(chunk)
    if (size - written >= WRITE_BYTES) await flush()
  }
  if (pieces.length > 0) await flush()
  return { size, md5: hash.digest('hex'), crc32: crc32Text(crc) }
}

/**
 * Writes `source` and the trailer that `describe` makes of it, flushed to disk (its folder is the caller's).
 * On any error, of the source too, the file is removed and the error passed on. Throws BadDigest when
 * `expectedMd5` (hex) is given and is not the data's.
 */
export async function writeBody(
  files: BodyFiles,
  source: AsyncIterable<Uint8Array>,
  describe: (written: Written) => Trailer,
  expectedMd5?: string,
): Promise<WrittenBody> {
  const { file, handle } = await files.create().catch((error: unknown) => {
    throw diskFullAsRefusal(error)
  })
  try {
    try {
      const written = await copyIn(handle, source, files.turns)
      if (expectedMd5 !== undefined && expectedMd5 !== written.md5) throw new StorageError('BadDigest')
      await writePieces(handle, [encodeTrailer(describe(written))], written.size)
      await handle.datasync()
      return { file, ...written }
    } finally {
      await handle.close()
    }
  } catch (error) {
    await files.remove([file])
    throw diskFullAsRefusal(error)
  }
}
