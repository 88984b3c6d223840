// A task may leave folders that nobody may enter; their owner can open them again, and then delete them.
import { chmod, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Gives the owner all rights on every folder below `path`. Never follows a link. */
export async function makeDeletable(path: string): Promise<void> {
  await chmod(path, 0o700)
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeDeletable(join(path, entry.name))
  }
}
