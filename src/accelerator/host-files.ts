// The real file system behind detection; the only file here that reads the disk.
import { readdir, readFile } from 'node:fs/promises'
import type { HostFiles } from './detect.ts'

/** Reads this machine. What is missing or forbidden counts as empty: no device files, no devices. */
export const hostFiles: HostFiles = {
  listNames: (folder) => readdir(folder).catch(() => []),
  readText: (path) => readFile(path, 'utf8').catch(() => null),
}
