// Folders that people name. Node's recursive mkdir never returns where a file system makes no folders, as /proc does,
// and a program that never returns cannot even be stopped politely.
import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** Makes a folder and its parents with `mode`, one level at a time; what is there is left alone. Throws the system's error. */
export function makeFolder(dir: string, mode = 0o777): void {
  if (isFolder(dir)) return
  if (dir !== dirname(dir)) makeFolder(dirname(dir), mode)
  try {
    mkdirSync(dir, mode)
  } catch (error) {
    // Another process may have been faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !isFolder(dir)) throw error
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}
