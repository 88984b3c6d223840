// A job's folder of logs as a whole: how much it takes, and what stays when the logs go.
import { randomBytes } from 'node:crypto'
import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toLogError } from './log-error.ts'

/** In the folder of a job: the sentence that says why its logs are gone. */
const NOTE = 'expired'

/** Bytes that the files below a folder take on disk; 0 for a folder that is not there. */
export async function usageOf(dir: string): Promise<number> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => [])
  let sizeBytes = 0
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const found = await lstat(join(entry.parentPath, entry.name)).catch(() => null)
    sizeBytes += (found?.blocks ?? 0) * 512
  }
  return sizeBytes
}

/** Throws LogError. */
export async function noteExpiry(dir: string, why: string): Promise<void> {
  const draft = join(dir, `.${NOTE}-${randomBytes(6).toString('hex')}`)
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    await writeFile(draft, why, { mode: 0o600 })
    await rename(draft, join(dir, NOTE))
  } catch (error) {
    await rm(draft, { force: true })
    throw toLogError(error, `expiring logs in ${dir}`)
  }
}

/** null where no logs were removed. */
export async function readExpiry(dir: string): Promise<string | null> {
  return await readFile(join(dir, NOTE), 'utf8').catch(() => null)
}

/** Deletes all but the note. Throws LogError. */
export async function removeStreams(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    if (name === NOTE) continue
    await rm(join(dir, name), { recursive: true, force: true }).catch((error: unknown) => {
      throw toLogError(error, `expiring logs in ${dir}`)
    })
  }
}
