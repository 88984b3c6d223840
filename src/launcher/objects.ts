// Object storage over the task's socket. Loaded when the first object moves: most starts must not wait for it.
import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Moved, ObjectPort } from './ports.ts'

/** With the doubling pauses of the client this outlasts a restart of the server. */
const ATTEMPTS = 12

/** Objects as the task's own identity sees them: no key, no signature (decisions.md 1.2). */
export function lazyObjects(socketPath: string): ObjectPort {
  return {
    download: async (url, localDir, signal) => {
      const { downloadObject, downloadPrefix } = await import('../storage/transfer/download.ts')
      const { bucket, key } = await place(url)
      await using client = await connect(socketPath)
      const moved = counted(await downloadPrefix({ client, bucket, prefix: key, destDir: localDir, signal }))
      if (moved.objects > 0 || key === '' || key.endsWith('/')) return moved
      // Not a folder: perhaps one object, which then lands in the folder under its own name.
      const facts = await client.head(bucket, key, { signal })
      if (!facts) return moved
      return counted(
        await downloadObject({ client, bucket, key, path: join(localDir, basename(key)), signal }),
      )
    },
    upload: async (localDir, url, signal) => {
      if (!existsSync(localDir)) return { objects: 0, bytes: 0 }
      const { uploadFolder } = await import('../storage/transfer/upload.ts')
      const { bucket, key } = await place(url)
      await using client = await connect(socketPath)
      return counted(await uploadFolder({ client, bucket, prefix: key, dir: localDir, signal }))
    },
    list: async (url, limit, signal) => {
      const { folderPrefix } = await import('../storage/object-url.ts')
      const { bucket, key } = await place(url)
      const prefix = folderPrefix(key)
      await using client = await connect(socketPath)
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
  }
}

const counted = ({ files, bytes }: { files: number; bytes: number }): Moved => ({ objects: files, bytes })

const place = async (url: string) => (await import('../storage/object-url.ts')).parseObjectUrl(url)

async function connect(socketPath: string) {
  const { ObjectClient } = await import('../storage/object-client.ts')
  // The socket itself may be away while the server restarts; its folder is there in every task.
  if (!existsSync(dirname(socketPath)))
    throw new Error(`no server is near: ${dirname(socketPath)} does not exist`)
  return new ObjectClient({ target: { socketPath }, attempts: ATTEMPTS })
}
