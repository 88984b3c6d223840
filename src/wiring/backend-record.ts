// DIR/backend tells which backend runs the jobs of a data folder: another one would take living tasks for lost.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../config.ts'
import { writeFileAtomic } from '../lib/atomic-file.ts'

/** Throws ConfigError while jobs of another backend are not finished; else the folder is this backend's from now on. */
export async function recordBackend(
  dataDir: string,
  name: string,
  unfinished: readonly string[],
): Promise<void> {
  const path = join(dataDir, 'backend')
  const before = await readFile(path, 'utf8').catch(() => '')
  if (before === name) return
  if (before !== '' && unfinished.length > 0) {
    throw new ConfigError(
      `--backend: got "${name}", but ${unfinished.length} unfinished jobs of ${dataDir} run on "${before}"; valid: "${before}" until they have ended`,
    )
  }
  await writeFileAtomic(path, name, 0o600)
}
