// The data folder: made when missing, or refused with a sentence.
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ConfigError } from '../config.ts'

/** Makes the folder (0700) and its parents. Throws ConfigError naming the folder and what is in the way. */
export async function makeDataFolder(dir: string): Promise<void> {
  try {
    await makeFolder(dir)
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause)
    throw new ConfigError(`--data: ${dir} cannot be made (${code}); valid: a folder this user may write`, {
      cause,
    })
  }
}

/** One level at a time: Node's recursive mkdir never returns where a file system makes no folders, as /proc does. */
async function makeFolder(dir: string): Promise<void> {
  const found = await stat(dir).catch(() => undefined)
  if (found?.isDirectory()) return
  if (dir !== dirname(dir)) await makeFolder(dirname(dir))
  await mkdir(dir, { mode: 0o700 })
}
