// Folders that jobs name. Node's recursive mkdir never returns where a file system makes no folders, as /proc does,
// and a launcher that never returns cannot even be stopped.
import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { errnoOf } from './launcher-error.ts'

/** Makes a folder and its parents, one level at a time; what is there is left alone. Throws the system's error. */
export function makeFolder(dir: string): void {
  if (isFolder(dir)) return
  if (dir !== dirname(dir)) makeFolder(dirname(dir))
  try {
    mkdirSync(dir)
  } catch (error) {
    // Another process of the task may have been faster.
    if (errnoOf(error) !== 'EEXIST' || !isFolder(dir)) throw error
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}
