// Brings one object into one file under a name of its own and checks it: small ones in one piece, big ones in ranges
// side by side, which a later process can go on with.

import { createHash, type Hash } from 'node:crypto'
import { closeSync, constants, fstatSync, ftruncateSync, openSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { combineCrc32, crc32Text } from '../crc32.ts'
import type { ObjectFacts } from '../object-answers.ts'
import { ObjectStoreError } from '../object-store-error.ts'
import type { Engine } from './engine.ts'
import { type FetchedFile, fetchSpan } from './fetch-span.ts'
import { throwLocal } from './local-error.ts'
import { md5OfFile, partsEtag } from './md5-of-file.ts'
import { forEachParallel } from './parallel.ts'
import { TransferError } from './transfer-error.ts'

const MIB = 1024 * 1024
/** Above this, ranges of an object come side by side. */
export const RANGED_BYTES = 16 * MIB
const MIN_RANGE_BYTES = 8 * MIB
const MAX_RANGE_BYTES = 64 * MIB
const RANGES_AT_ONCE = 8
/** So much of a range may come twice when the process is killed. */
const RECORD_BYTES = MIB

const damaged = (engine: Engine, { key }: FetchedFile, found: string, said: string): TransferError =>
  new TransferError(
    'Damaged',
    `${JSON.stringify(`${engine.bucket}/${key}`)} arrived with ${found}, the object store says ${said}`,
  )

async function fetchWhole(
  engine: Engine,
  file: FetchedFile,
  fd: number,
  path: string,
): Promise<string | undefined> {
  const sums = engine.verify !== 'size'
  let md5: Hash | undefined
  let crc = 0
  let said: string | undefined
  let etag = file.etag
  const onFacts = (facts: ObjectFacts) => {
    if (!sums) return
    said = facts.crc32
    // Not every list has ETags.
    etag = facts.etag ?? etag
    if (said === undefined && facts.etagIsMd5) md5 = createHash('md5')
  }
  const onWritten = (bytes: Buffer) => {
    if (sums) crc = crc32(bytes, crc)
    md5?.update(bytes)
  }
  await fetchSpan(engine, file, { position: 0, end: file.size }, { fd, path, onFacts, onWritten })
  const found = md5?.digest('hex')
  if (found !== undefined && found !== etag) throw damaged(engine, file, `md5 ${found}`, etag)
  if (!sums) return undefined
  if (said === undefined && found === undefined) await checkEtag(engine, file, etag, false, fd)
  if (said !== undefined && crc32Text(crc) !== said)
    throw damaged(engine, file, `crc32 ${crc32Text(crc)}`, said)
  return crc32Text(crc)
}

/** Throws Damaged where an ETag tells that other bytes arrived: the md5 of the whole, or of its parts. */
async function checkEtag(
  engine: Engine,
  file: FetchedFile,
  etag: string,
  isMd5: boolean,
  fd: number,
): Promise<void> {
  const found = isMd5
    ? await md5OfFile(fd, 0, file.size, engine.signal)
    : await partsEtag(engine, file, etag, fd)
  if (found !== undefined && found !== etag) throw damaged(engine, file, `md5 ${found}`, etag)
}

type Range = { readonly start: number; readonly end: number; crc: number }

const rangesOf = (size: number): Range[] => {
  const bytes = Math.min(MAX_RANGE_BYTES, Math.max(MIN_RANGE_BYTES, Math.ceil(size / 64 / MIB) * MIB))
  return Array.from({ length: Math.ceil(size / bytes) }, (_, at) => ({
    start: at * bytes,
    end: Math.min((at + 1) * bytes, size),
    crc: 0,
  }))
}

type RangeTarget = {
  readonly fd: number
  readonly path: string
  /** What the journal knows the file by. */
  readonly entry: string
  /** Whether a CRC-32 is wanted. */
  readonly sums: boolean
}

/** One range, from where the journal says that an earlier process stopped. */
async function fetchRange(
  engine: Engine,
  file: FetchedFile,
  range: Range,
  { fd, path, entry, sums }: RangeTarget,
): Promise<void> {
  const { journal } = engine
  const name = `${entry}:${range.start}`
  const known = journal.get(name)
  const [position, crc] = Array.isArray(known) ? (known as [number, number]) : [range.start, 0]
  const span = { position, end: range.end }
  range.crc = crc
  engine.counter.bytes(position - range.start)
  let recorded = position
  const onWritten = (bytes: Buffer, reached: number) => {
    if (sums) range.crc = crc32(bytes, range.crc)
    if (reached - recorded < RECORD_BYTES && reached < range.end) return
    recorded = reached
    journal.set(name, [reached, range.crc], true)
  }
  if (position < range.end)
    await fetchSpan(engine, file, span, { fd, path, onFacts: () => undefined, onWritten })
}

async function fetchRanges(
  engine: Engine,
  listed: FetchedFile,
  fd: number,
  path: string,
): Promise<string | undefined> {
  const { client, bucket, signal, width } = engine
  const facts = listed.facts ?? (await client.head(bucket, listed.key, { signal }))
  if (!facts || facts.size !== listed.size)
    throw new TransferError(
      'ObjectChanged',
      `${JSON.stringify(`${bucket}/${listed.key}`)} ${facts ? `has ${facts.size} bytes` : 'is gone'} now, the list said ${listed.size} bytes`,
    )
  // Not every list has ETags; all ranges are to be of one version nevertheless.
  const file = listed.etag === '' ? { ...listed, etag: facts.etag ?? '' } : listed
  const ranges = rangesOf(file.size)
  const sums = engine.verify !== 'size'
  // What was brought without a sum cannot be summed up now.
  const entry = `${file.key}:${file.etag}:${file.size}:${sums}`
  await forEachParallel(ranges, Math.min(width, RANGES_AT_ONCE), signal, (range, inner) =>
    fetchRange({ ...engine, signal: inner }, file, range, { fd, path, entry, sums }),
  )
  if (!sums) return undefined
  const found = crc32Text(
    ranges.reduce((crc, range) => combineCrc32(crc, range.crc, range.end - range.start), 0),
  )
  if (facts.crc32 !== undefined) {
    if (found !== facts.crc32) throw damaged(engine, file, `crc32 ${found}`, facts.crc32)
  } else await checkEtag(engine, file, file.etag, facts.etagIsMd5, fd)
  return found
}

/**
 * Fetches one object to `path`, which is nobody else's. Throws TransferError (ObjectChanged, Damaged, DiskFull),
 * ObjectStoreError, a file system error, or the signal's reason; then the file is there in part. Returns the CRC-32 of
 * the whole, as S3's headers spell it; undefined when none is wanted.
 */
export async function fetchFile(
  engine: Engine,
  file: FetchedFile,
  path: string,
): Promise<string | undefined> {
  const ranged = file.size > RANGED_BYTES
  let fd: number
  try {
    // A ranged file may hold what an earlier process brought; what its journal does not name is fetched over it.
    fd = openSync(path, constants.O_RDWR | constants.O_CREAT | (ranged ? 0 : constants.O_TRUNC), 0o666)
  } catch (error) {
    throwLocal(path, error)
  }
  try {
    let crc = engine.verify === 'size' ? undefined : crc32Text(0)
    if (ranged) crc = await fetchRanges(engine, file, fd, path)
    else if (file.size > 0) crc = await fetchWhole(engine, file, fd, path)
    if (ranged) ftruncateSync(fd, file.size)
    const { size } = fstatSync(fd)
    if (size !== file.size)
      throw new ObjectStoreError(0, 'ConnectionFailed', `${JSON.stringify(file.key)} arrived in part`)
    return crc
  } finally {
    closeSync(fd)
  }
}
