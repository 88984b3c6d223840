// Sends one file as one object: a small one from memory, a big one in parts side by side. An object appears whole or
// not at all, and never mixed of two states of its file: one that changed meanwhile is sent again.
import { sleep } from '../../lib/abort.ts'
import { ObjectStoreError } from '../object-store-error.ts'
import { createTurns, type Turns } from '../turns.ts'
import { abandonUpload } from './abandon-upload.ts'
import { type Buffers, createBuffers } from './buffers.ts'
import { type Engine, persist } from './engine.ts'
import { forEachParallel } from './parallel.ts'
import { checkStored, SourceFile, type Sums } from './source-file.ts'
import { TransferError } from './transfer-error.ts'

const MIB = 1024 * 1024
/** Up to here a file goes in one request, from memory. */
export const SINGLE_BYTES = 8 * MIB
/** What is under way when a process is killed is sent again: small parts for what is not very big. */
const PART_BYTES = 8 * MIB
const BIG_PART_BYTES = 16 * MIB
const BIG_BYTES = 4096 * MIB
const MAX_PARTS = 10_000
const PARTS_AT_ONCE = 8
/** Requests this small wait behind each other on one connection. */
const SMALL_BYTES = MIB
/** How often a file that is rewritten is sent. */
const CHANGES = 3
const CHANGE_PAUSE_MS = 200

/** What is learned of the store on the way: whether it sums up with CRC-32 itself. */
export type StoreTraits = { crc32: boolean }

/** `name` is for events, `path` is where the bytes are. */
export type SentFile = { readonly name: string; readonly path: string; readonly key: string }

export type SendContext = {
  readonly engine: Engine
  readonly buffers: Buffers
  readonly turns: Turns
  readonly traits: StoreTraits
}

/** A context for many files of one transfer. */
export const sendingContext = (engine: Engine): SendContext => ({
  engine,
  buffers: createBuffers(),
  turns: createTurns(),
  traits: { crc32: false },
})

function headersFor({ crc32, md5 }: Sums): Record<string, string> {
  const headers: Record<string, string> = { 'x-amz-checksum-crc32': crc32 }
  if (md5 !== undefined) headers['content-md5'] = md5.toString('base64')
  return headers
}

/** Returns the ETag of the object. */
async function sendWhole(context: SendContext, file: SentFile, source: SourceFile): Promise<string> {
  const { engine, buffers, traits } = context
  const { client, bucket, signal, counter } = engine
  const whole = buffers.take(source.size)
  try {
    const body = whole.subarray(0, source.size)
    const turn = () => context.turns(signal)
    const sums = await source.readAll(body, !traits.crc32, turn)
    await source.confirm(buffers, turn)
    const small = body.length <= SMALL_BYTES
    const answer = await persist(engine, file.name, async () => {
      const headers = headersFor(sums)
      const sent = await client.put(bucket, file.key, body, { headers, small, once: true, signal })
      checkStored(file.name, sent, sums)
      return sent
    })
    traits.crc32 = answer.crc32 !== undefined
    counter.bytes(body.length)
    return answer.etag
  } finally {
    buffers.give(whole)
  }
}

type Upload = { readonly bucket: string; readonly key: string; readonly uploadId: string }

/** The upload that an earlier process began for this very state of the file, or a new one. */
async function beginUpload(engine: Engine, { key }: SentFile, stamp: string, partBytes: number) {
  const { client, bucket, journal, signal } = engine
  const entry = `upload:${key}`
  const known = journal.get(entry)
  if (Array.isArray(known) && known[1] === stamp && known[2] === partBytes)
    return { upload: { bucket, key, uploadId: String(known[0]) }, isOld: true }
  const uploadId = await client.startUpload(bucket, key, { signal })
  journal.set(entry, [uploadId, stamp, partBytes], true)
  return { upload: { bucket, key, uploadId }, isOld: false }
}

async function sendPart(
  context: SendContext,
  source: SourceFile,
  upload: Upload,
  part: { readonly number: number; readonly start: number; readonly end: number },
): Promise<string> {
  const { engine, buffers, traits } = context
  const { client, journal, counter, signal } = engine
  const entry = `part:${upload.uploadId}:${part.number}`
  const known = journal.get(entry)
  const bytes = part.end - part.start
  if (typeof known === 'string') {
    counter.bytes(bytes)
    return known
  }
  const { etag } = await persist(engine, source.path, async () => {
    const { body, summed } = source.piece(part.start, part.end, !traits.crc32, buffers)
    const answer = await client.putPart(upload, part.number, body, { headers: {}, once: true, signal })
    checkStored(`${source.path}, part ${part.number}`, answer, summed.sums)
    traits.crc32 = answer.crc32 !== undefined
    return answer
  })
  journal.set(entry, etag, true)
  counter.bytes(bytes)
  return etag
}

const partBytesOf = (size: number): number =>
  Math.max(size < BIG_BYTES ? PART_BYTES : BIG_PART_BYTES, Math.ceil(size / MAX_PARTS / MIB) * MIB)

/** Returns the ETag of the object. */
async function sendParts(context: SendContext, file: SentFile, source: SourceFile): Promise<string> {
  const { engine, buffers } = context
  const { client, signal, width, resumable, journal } = engine
  const { size } = source
  const partBytes = partBytesOf(size)
  const { upload, isOld } = await beginUpload(engine, file, source.stamp, partBytes)
  const etags: string[] = []
  const parts = Array.from({ length: Math.ceil(size / partBytes) }, (_, at) => at)
  try {
    await forEachParallel(parts, Math.min(width, PARTS_AT_ONCE), signal, async (at, inner) => {
      const start = at * partBytes
      const part = { number: at + 1, start, end: Math.min(start + partBytes, size) }
      etags[at] = await sendPart({ ...context, engine: { ...engine, signal: inner } }, source, upload, part)
    })
    await source.confirm(buffers, () => context.turns(signal), !isOld)
    const listed = etags.map((etag, at) => ({ number: at + 1, etag }))
    return await client.completeUpload(upload, listed, { signal, size })
  } catch (error) {
    const isLost = error instanceof ObjectStoreError && ['NoSuchUpload', 'InvalidPart'].includes(error.code)
    const isChanged = error instanceof TransferError && error.code === 'FileChanged'
    if (isLost || isChanged || !resumable) {
      journal.set(`upload:${file.key}`, false, true)
      await abandonUpload(client, upload, signal)
    }
    if (!isLost || !isOld) throw error
  }
  // What an earlier process had sent is gone.
  return sendParts(context, file, source)
}

/** The same context, with what it counts on record, so that it can be taken back. */
function countingAside(context: SendContext): { readonly context: SendContext; undo(): void } {
  const { counter } = context.engine
  let counted = 0
  const bytes = (count: number) => {
    counted += count
    counter.bytes(count)
  }
  const engine = { ...context.engine, counter: { ...counter, bytes } }
  return { context: { ...context, engine }, undo: () => counter.bytes(-counted) }
}

/** What was sent of a file, and the state it had. `crc32` is that of the whole, if all of it was read by this process. */
export type Sent = {
  readonly bytes: number
  readonly stamp: string
  readonly etag: string
  readonly crc32: string | undefined
}

/**
 * Sends a file as it is now; what is appended meanwhile is not part of it, and one that is rewritten is sent again, up
 * to three times. Throws TransferError (FileChanged, NotAFile), ObjectStoreError, a file system error, or the signal's
 * reason; then there is no object, or the one before.
 */
export async function sendFile(context: SendContext, file: SentFile): Promise<Sent> {
  const { engine } = context
  using source = new SourceFile(file.path)
  for (let tries = 1; ; tries += 1) {
    const tried = countingAside(context)
    try {
      const send = source.size <= SINGLE_BYTES ? sendWhole : sendParts
      const etag = await send(tried.context, file, source)
      return { bytes: source.size, stamp: source.stamp, etag, crc32: source.crc32 }
    } catch (error) {
      const changed = error instanceof TransferError && error.code === 'FileChanged'
      tried.undo()
      if (!changed || tries >= CHANGES) throw error
      engine.onEvent({ kind: 'changed', name: file.name })
      await sleep(CHANGE_PAUSE_MS, engine.signal)
      source.look()
    }
  }
}
