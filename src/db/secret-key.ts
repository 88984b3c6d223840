// DIR/secret.key: the 32 bytes that everything secret in the database is sealed with (decisions.md 3.3).
import { randomBytes } from 'node:crypto'
import { chmod, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '../lib/atomic-file.ts'
import { DataFolderError } from './data-folder-error.ts'

const KEY_BYTES = 32

/**
 * Reads the key, or makes it on first start (mode 0600). The caller holds the data folder's lock.
 * Throws DataFolderError when the file has another length: guessing a new key would lose every stored secret.
 */
export async function readSecretKey(dir: string): Promise<Buffer> {
  const path = join(dir, 'secret.key')
  const key = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw new DataFolderError(`${path} cannot be read: ${error.message}`, { cause: error })
  })
  if (key === null) {
    const fresh = randomBytes(KEY_BYTES)
    await writeFileAtomic(path, fresh, 0o600)
    return fresh
  }
  if (key.length !== KEY_BYTES)
    throw new DataFolderError(
      `${path} holds ${key.length} bytes, it must hold ${KEY_BYTES}: restore it from a backup; stored secret keys can be read with no other`,
    )
  await chmod(path, 0o600)
  return key
}
