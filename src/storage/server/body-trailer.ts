// The end of every body file: who it is, as JSON, so that the index can be rebuilt from the files alone.
// Layout: data, JSON, 4 bytes length of the JSON, 4 bytes crc32 of the JSON, 8 bytes mark. Big-endian.
import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import type { ObjectHeaders, Segment } from './object-row.ts'

const MARK = Buffer.from('RWOBJ\0\0\x01', 'latin1')
const FOOTER_BYTES = 16
// A key, its headers and 10,000 segments of some 60 bytes; anything longer is not ours.
const MAX_JSON_BYTES = 4 * 1024 * 1024

/** A whole object (its data in this file, or in `segments`), or one part that an object's `segments` may name. */
export type Trailer =
  | (ObjectHeaders & {
      readonly kind: 'object'
      readonly bucket: string
      readonly key: string
      readonly seq: number
      readonly size: number
      readonly etag: string
      readonly modifiedMs: number
      readonly segments: readonly Segment[] | null
      readonly crc32?: string | undefined
    })
  | { readonly kind: 'part'; readonly uploadId: string; readonly number: number; readonly size: number }

/** The bytes to write behind the data. */
export function encodeTrailer(trailer: Trailer): Buffer {
  const json = Buffer.from(JSON.stringify(trailer))
  const footer = Buffer.alloc(FOOTER_BYTES)
  footer.writeUInt32BE(json.length, 0)
  footer.writeUInt32BE(crc32(json), 4)
  MARK.copy(footer, 8)
  return Buffer.concat([json, footer])
}

/** Reads the trailer of a body file; undefined when the file is torn or none of ours. */
export async function readTrailer(file: FileHandle): Promise<Trailer | undefined> {
  const { size } = await file.stat()
  if (size < FOOTER_BYTES) return undefined
  const footer = Buffer.alloc(FOOTER_BYTES)
  await file.read(footer, 0, FOOTER_BYTES, size - FOOTER_BYTES)
  const length = footer.readUInt32BE(0)
  if (!footer.subarray(8).equals(MARK) || length > Math.min(MAX_JSON_BYTES, size - FOOTER_BYTES))
    return undefined
  const json = Buffer.alloc(length)
  await file.read(json, 0, length, size - FOOTER_BYTES - length)
  if (crc32(json) !== footer.readUInt32BE(4)) return undefined
  const trailer = JSON.parse(json.toString()) as Trailer
  const dataBytes = size - FOOTER_BYTES - length
  const expected = trailer.kind === 'object' && trailer.segments ? 0 : trailer.size
  return dataBytes === expected ? trailer : undefined
}
