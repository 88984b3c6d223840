// Log files to a folder of the host: through the server, which alone may write there.
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { TASK_ROUTES } from '../api/task-constants.ts'
import type { FileToSend, ObjectPort } from './ports.ts'
import type { TaskClient } from './task-client.ts'

const PIECE_BYTES = 4 << 20

/** Like ObjectPort.send; `url` is the folder's name below the log path. */
export function sendToServer(client: TaskClient): ObjectPort['send'] {
  return async (files, url, signal, onResult) => {
    for (const file of files)
      onResult(
        file,
        await sendFile(client, file, `${url}${file.name}`, signal).catch((error: unknown) => {
          if (error instanceof Error && 'code' in error && error.code === 'ENOENT' && 'path' in error)
            return { state: 'gone' } as const
          throw error
        }),
      )
  }
}

/** Up to the length that the file has at the beginning: what comes later is for the next time. */
async function sendFile(client: TaskClient, { path }: FileToSend, name: string, signal: AbortSignal) {
  await using file = await open(path, 'r')
  const { size } = await file.stat()
  const buffer = Buffer.alloc(Math.min(size, PIECE_BYTES))
  let offset = 0
  do {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, size - offset), offset)
    if (bytesRead === 0 && offset < size) return { state: 'changed' } as const
    const query = new URLSearchParams({ name, offset: String(offset) })
    const body = buffer.subarray(0, bytesRead)
    const ask = { path: `${TASK_ROUTES.logFiles}?${query}`, body, timeoutMs: 30_000, signal }
    const { status, body: reply } = await client.ask({ method: 'POST', ...ask })
    if (status !== 200)
      throw new Error(`${basename(path)}: the server answered ${status} ${reply.toString().slice(0, 300)}`)
    offset += bytesRead
  } while (offset < size)
  return { state: 'sent', bytes: size, etag: '', crc32: null } as const
}
