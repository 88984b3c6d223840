// How moxing has files moved, by a task's launcher or by `ropeway obs move`: lines of JSON in, lines of JSON out.
//   in    {"direction":"download","bucket":"b","workers":16,"aside":"/dir/.moxing-x","mode":420}
//         ["key","/absolute/path",size or null,"etag" or null]      one line for each file
//   out   {"files":3,"bytes":4711,"total_files":9,"total_bytes":9000}  every few seconds, whether it moves or not
//         {"done":true,"files":9,"bytes":9000}   or   {"failed":{"kind":…,"message":…,"about":…}}   at the end
// container/moxing/moxing/_movers.py is the other end.
import { constants } from 'node:os'
import { MoveError, type MoveOptions, type MoveOrder, type MovePair, moveFiles } from './move-files.ts'
import { ObjectStoreError } from './object-store-error.ts'
import { TransferError } from './transfer/transfer-error.ts'

/** More files than one folder has; a caller that never stops must not fill our memory. */
const MAX_INPUT_BYTES = 512 * 1024 * 1024
const TELL_MS = 2_000

type Line = Readonly<Record<string, unknown>>

/** Reads an order, carries it out, tells how it went. Never rejects: what fails is told. */
export async function serveMove(
  input: AsyncIterable<Uint8Array>,
  tell: (line: string) => void,
  options: Omit<MoveOptions, 'onProgress'>,
): Promise<void> {
  const say = (line: Line) => tell(`${JSON.stringify(line)}\n`)
  let last: Line = { files: 0, bytes: 0 }
  const timer = setInterval(() => say(last), TELL_MS)
  let bucket = ''
  try {
    const { order, pairs } = await readOrder(input)
    bucket = order.bucket
    await moveFiles(order, pairs, {
      ...options,
      onProgress: ({ files, bytes, totalFiles, totalBytes }) => {
        last = { files, bytes, total_files: totalFiles, total_bytes: totalBytes }
      },
    })
    say({ done: true, files: last['files'], bytes: last['bytes'] })
  } catch (error) {
    say({ failed: failureOf(error, bucket) })
  } finally {
    clearInterval(timer)
  }
}

async function readOrder(input: AsyncIterable<Uint8Array>): Promise<{ order: MoveOrder; pairs: MovePair[] }> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of input) {
    size += chunk.length
    if (size > MAX_INPUT_BYTES) throw new TypeError(`an order may have ${MAX_INPUT_BYTES} bytes`)
    chunks.push(chunk)
  }
  const [first = '', ...rest] = Buffer.concat(chunks).toString('utf8').split('\n')
  const order = JSON.parse(first) as MoveOrder
  const known =
    order.direction === 'upload' || (order.direction === 'download' && typeof order.aside === 'string')
  if (!known || typeof order.bucket !== 'string' || !(order.workers >= 1) || !(order.mode >= 0))
    throw new TypeError(`the first line is no order: ${first.slice(0, 200)}`)
  const pairs = rest.filter((line) => line !== '').map(readPair)
  return { order, pairs }
}

function readPair(line: string): MovePair {
  const [key, path, size, etag] = JSON.parse(line) as unknown[]
  if (typeof key !== 'string' || typeof path !== 'string' || !path.startsWith('/'))
    throw new TypeError(`a line is no file with key and absolute path: ${line.slice(0, 200)}`)
  return {
    key,
    path,
    size: typeof size === 'number' ? size : null,
    etag: typeof etag === 'string' ? etag : null,
  }
}

/** What Python makes an exception of (moxing's `failure_of_mover`). */
function failureOf(thrown: unknown, bucket: string): Line {
  const pair = thrown instanceof MoveError ? thrown.pair : null
  const met = thrown instanceof MoveError ? thrown.cause : thrown
  const under = met instanceof TransferError ? met.cause : null
  // Scripts catch "not there", whenever it was noticed.
  const error = under instanceof ObjectStoreError && under.status === 404 ? under : met
  const message = error instanceof Error ? error.message : String(error)
  const url = `obs://${bucket}/${pair?.key ?? ''}`
  if (error instanceof ObjectStoreError) {
    if (error.status === 0) return { kind: 'connection', message, about: url }
    return { kind: 'store', status: error.status, code: error.code, message, about: url }
  }
  if (error instanceof TransferError) {
    if (error.code === 'NameConflict') return { kind: 'duplicate', message, about: pair?.path ?? url }
    if (error.code === 'DiskFull')
      return { kind: 'local', errno: constants.errno.ENOSPC, message, about: pair?.path ?? '' }
    return { kind: 'changed', message, about: url }
  }
  if (error instanceof Error && 'errno' in error && typeof error.errno === 'number')
    return { kind: 'local', errno: Math.abs(error.errno), message, about: pair?.path ?? '' }
  return { kind: 'other', message, about: url }
}
