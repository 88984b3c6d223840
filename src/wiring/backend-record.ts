// DIR/backend tells which backend runs the jobs of a data folder: another one would take living tasks for lost.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../config.ts'
import { writeFileAtomic } from '../lib/atomic-file.ts'

/** How many of the unfinished jobs of a data folder run on the backend `name`: all or none. */
export async function countOn(dataDir: string, name: string, unfinished: readonly string[]): Promise<number> {
  return (await recorded(dataDir)) === name ? unfinished.length : 0
}

const recorded = (dataDir: string): Promise<string> =>
  readFile(join(dataDir, 'backend'), 'utf8').catch(() => '')

/** Throws ConfigError while jobs of another backend are not finished; else the folder is this backend's from now on. */
export async function recordBackend(
  dataDir: string,
  name: string,
  unfinished: readonly string[],
): Promise<void> {
  const before = await recorded(dataDir)
  if (before === name) return
  if (before !== '' && unfinished.length > 0) {
    throw new ConfigError(
      `--backend: got "${name}", but ${unfinished.length} unfinished jobs of ${dataDir} run on "${before}"; valid: "${before}" until they have ended`,
    )
  }
  await writeFileAtomic(join(dataDir, 'backend'), name, 0o600)
}
