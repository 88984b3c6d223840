// Moves objects over the task's socket as the task's own identity: no key, no signature (decisions.md 1.2).
// A file of its own in the runtime folder, because loading what it imports takes as long as starting the launcher.
import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { movePace } from '../storage/move-files.ts'
import { serveMove } from '../storage/move-service.ts'
import { ObjectClient } from '../storage/object-client.ts'
import { folderPrefix, parseObjectUrl } from '../storage/object-url.ts'
import { downloadObject, downloadPrefix } from '../storage/transfer/download.ts'
import { forEachParallel } from '../storage/transfer/parallel.ts'
import type { DownloadCounts } from '../storage/transfer/run-download.ts'
import { TransferError } from '../storage/transfer/transfer-error.ts'
import { openSender } from '../storage/transfer/upload.ts'
import type { Moved, ObjectPort, SendResult } from './ports.ts'
import type { StoreKeys } from './store-keys.ts'

/** With the doubling pauses of the client this outlasts a restart of the server. */
const ATTEMPTS = 12
const SENT_AT_ONCE = 32

/** Objects behind a task's socket; where there is none, those of `keys`. Throws what the transfer throws. */
export function openObjects(socketPath: string, keys: StoreKeys | null = null): ObjectPort {
  const pace = movePace()
  return {
    download: async (url, localDir, signal, onProgress) => {
      const { bucket, key } = parseObjectUrl(url)
      await using client = connect(socketPath, keys)
      const moved = counted(
        await downloadPrefix({
          ...{ client, bucket, prefix: key, destDir: localDir, signal },
          ...(onProgress ? { onProgress } : {}),
        }),
      )
      if (moved.objects > 0 || moved.leftOut.length > 0 || key === '' || key.endsWith('/')) return moved
      // Not a folder: perhaps one object, which then lands in the folder under its own name.
      const facts = await client.head(bucket, key, { signal })
      if (!facts) return moved
      return counted(
        await downloadObject({ client, bucket, key, path: join(localDir, basename(key)), signal }),
      )
    },
    send: async (files, url, signal, onResult) => {
      const { bucket, key } = parseObjectUrl(url)
      const prefix = folderPrefix(key)
      await using client = connect(socketPath, keys)
      const sender = openSender({ client, bucket })
      await forEachParallel(files, SENT_AT_ONCE, signal, async (file, inner) => {
        const { name, path } = file
        const result = await sender({ name, path, key: `${prefix}${name}` }, inner).then(
          ({ bytes, etag, crc32 = null }): SendResult => ({ state: 'sent', bytes, etag, crc32 }),
          failedResult,
        )
        onResult(file, result)
      })
    },
    write: async (url, text, signal) => {
      const { bucket, key } = parseObjectUrl(url)
      await using client = connect(socketPath, keys)
      await client.put(bucket, key, Buffer.from(text), { signal })
    },
    remove: async (url, signal) => {
      const { bucket, key } = parseObjectUrl(url)
      await using client = connect(socketPath, keys)
      await client.delete(bucket, key, { signal })
    },
    list: async (url, limit, signal) => {
      const { bucket, key } = parseObjectUrl(url)
      const prefix = folderPrefix(key)
      await using client = connect(socketPath, keys)
      const names: string[] = []
      for await (const entry of client.list(bucket, {
        prefix,
        delimiter: '/',
        pageSize: limit + 1,
        signal,
      })) {
        const name = (entry.kind === 'object' ? entry.key : entry.prefix).slice(prefix.length)
        if (name !== '') names.push(name)
        if (names.length >= limit) break
      }
      return names
    },
    move: async (input, tell, signal) => {
      await using client = connect(socketPath, keys)
      await serveMove(input, tell, { client, pace, signal })
    },
  }
}

const counted = ({ files, bytes, skipped, brought }: DownloadCounts): Moved => ({
  objects: files,
  bytes,
  leftOut: skipped,
  files: brought.map(({ path, size, etag, crc32 = null }) => ({ name: path, size, etag, crc32 })),
})

/**
 * A file that is not there any more, was rewritten or cannot be read is no failure of the others. Throws everything
 * else, which is the store's.
 */
function failedResult(error: unknown): SendResult {
  if (error instanceof TransferError && error.code === 'FileChanged') return { state: 'changed' }
  if (error instanceof TransferError && error.code === 'NotAFile')
    return { state: 'unreadable', reason: 'not a regular file' }
  // Of the file system: what goes wrong between us and the store comes as ObjectStoreError.
  if (!(error instanceof Error && 'syscall' in error && 'code' in error)) throw error
  return error.code === 'ENOENT' || error.code === 'ENOTDIR'
    ? { state: 'gone' }
    : { state: 'unreadable', reason: `cannot be read: ${String(error.code)}` }
}

function connect(socketPath: string, keys: StoreKeys | null): ObjectClient {
  // The socket itself may be away while the server restarts; its folder is there in every task.
  if (existsSync(dirname(socketPath))) return new ObjectClient({ target: { socketPath }, attempts: ATTEMPTS })
  if (keys !== null) return new ObjectClient({ target: keys })
  throw new Error(
    `no server is near (${dirname(socketPath)} does not exist); for a store of your own set S3_ENDPOINT, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY`,
  )
}
