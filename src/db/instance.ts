// DIR/instance.json: the id of the serve that owns this data folder. Jobs on this machine carry it (decisions.md 3.2).
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { writeFileAtomic } from '../lib/atomic-file.ts'
import { newUuid } from '../lib/id.ts'
import { DataFolderError } from './data-folder-error.ts'

const instance = z.object({ serve_id: z.uuid() })

/** The serve id of the folder, made on first start. The caller holds the folder's lock. */
export async function readServeId(dir: string): Promise<string> {
  const path = join(dir, 'instance.json')
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw new DataFolderError(`${path} cannot be read: ${error.message}`, { cause: error })
  })
  if (text === null) {
    const serveId = newUuid()
    await writeFileAtomic(path, `${JSON.stringify({ serve_id: serveId })}\n`, 0o600)
    return serveId
  }
  try {
    return instance.parse(JSON.parse(text)).serve_id
  } catch (cause) {
    throw new DataFolderError(
      `${path} holds ${JSON.stringify(text.slice(0, 80))}, it must hold {"serve_id": UUID}: restore it, or jobs of this machine belong to nobody`,
      { cause },
    )
  }
}
