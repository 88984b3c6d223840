// Deletes what a task left. It may have closed folders to everybody; their owner can open them again, and then delete.
import { execFile } from 'node:child_process'
import { chmod, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Gives the owner all rights on every folder below `path`. Never follows a link. */
async function openFoldersBelow(path: string): Promise<void> {
  await chmod(path, 0o700)
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await openFoldersBelow(join(path, entry.name))
  }
}

/** Root needs no rights; anybody else takes them first, because a deletion that fails half way goes on behind its error. */
export async function deleteTree(path: string, isRoot: boolean): Promise<void> {
  if (!isRoot) await openFoldersBelow(path)
  try {
    await rm(path, { recursive: true, force: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENAMETOOLONG') throw error
    // A task may nest folders deeper than any path can say; rm goes down step by step and needs no long path.
    await promisify(execFile)('/bin/rm', ['-rf', '--', path])
  }
}
