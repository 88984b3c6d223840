// Brings a span of one object into an open file, as the bytes come in, and goes on behind them when the connection
// breaks. Always the same version (If-Match): an object that is replaced meanwhile is an error, never a mixture.
import { writeSync } from 'node:fs'
import type { ObjectFacts } from '../object-answers.ts'
import { ObjectStoreError } from '../object-store-error.ts'
import { type Engine, persist } from './engine.ts'
import { throwLocal } from './local-error.ts'
import { TransferError } from './transfer-error.ts'

export type FetchedFile = {
  readonly key: string
  readonly size: number
  readonly etag: string
  /** What the store said of it a moment ago, where it was asked. */
  readonly facts?: ObjectFacts
}

/** Where a span stands; `position` moves as bytes are written. */
export type Span = { position: number; readonly end: number }

export type SpanOptions = {
  readonly fd: number
  /** For messages. */
  readonly path: string
  /** Told once, before the first byte. */
  onFacts(facts: ObjectFacts): void
  /** Told of bytes that are written; they are valid only during the call. */
  onWritten(bytes: Buffer, position: number): void
}

/** Objects up to this size wait behind each other on one connection. */
const SMALL_BYTES = 1024 * 1024

const shown = (engine: Engine, file: FetchedFile): string => JSON.stringify(`${engine.bucket}/${file.key}`)

function checkFacts(engine: Engine, file: FetchedFile, facts: ObjectFacts): void {
  const isOther = file.etag !== '' && facts.etag !== undefined && facts.etag !== file.etag
  if (facts.size === file.size && !isOther) return
  const now = isOther ? 'is another one' : `has ${facts.size} bytes`
  throw new TransferError(
    'ObjectChanged',
    `${shown(engine, file)} ${now} now, the list said ${file.size} bytes`,
  )
}

function writeAll(fd: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length; )
    done += writeSync(fd, bytes, done, bytes.length - done, position + done)
}

/** Throws TransferError, ObjectStoreError, a file system error, or the signal's reason. */
export async function fetchSpan(
  engine: Engine,
  file: FetchedFile,
  span: Span,
  options: SpanOptions,
): Promise<void> {
  const { client, bucket, signal, counter } = engine
  let told = false
  const attempt = async (): Promise<void> => {
    const whole = span.position === 0 && span.end === file.size
    const range = whole ? undefined : { start: span.position, end: span.end }
    const ifMatch = file.etag === '' ? undefined : file.etag
    const small = span.end - span.position <= SMALL_BYTES
    await client.get(
      bucket,
      file.key,
      { range, ifMatch, small, signal },
      {
        onFacts: (facts) => {
          checkFacts(engine, file, facts)
          if (!told) options.onFacts(facts)
          told = true
        },
        onBytes: (bytes) => {
          if (span.position + bytes.length > span.end)
            throw new TransferError('Damaged', `${shown(engine, file)}: the store sent more than asked for`)
          try {
            writeAll(options.fd, bytes, span.position)
          } catch (error) {
            throwLocal(options.path, error)
          }
          span.position += bytes.length
          options.onWritten(bytes, span.position)
          counter.bytes(bytes.length)
        },
      },
    )
    if (span.position < span.end)
      throw new ObjectStoreError(0, 'ConnectionFailed', `${shown(engine, file)}: the answer ended early`)
  }
  try {
    await persist(engine, file.key, attempt, () => span.position)
  } catch (error) {
    const isGone = error instanceof ObjectStoreError && [404, 412, 416].includes(error.status)
    if (!isGone || error.code === 'NoSuchBucket') throw error
    const what = error.status === 404 ? 'removed' : 'changed'
    throw new TransferError('ObjectChanged', `${shown(engine, file)} was ${what} while it was downloaded`, {
      cause: error,
    })
  }
}
