// The data folder: made when missing, or refused with a sentence.
import { ConfigError } from '../config.ts'
import { makeFolder } from '../lib/make-folder.ts'

/** Makes the folder (0700) and its parents. Throws ConfigError naming the folder and what is in the way. */
export function makeDataFolder(dir: string): void {
  try {
    makeFolder(dir, 0o700)
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause)
    throw new ConfigError(`--data: ${dir} cannot be made (${code}); valid: a folder this user may write`, {
      cause,
    })
  }
}
