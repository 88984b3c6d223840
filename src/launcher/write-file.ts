// Files that others read while we write them.
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'

/** Writes all bytes, however many writes it takes. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done)
}

/**
 * Puts a regular file (mode 0644) at `path` in one step: readers see the old bytes or the new ones, never a part.
 * On an error the old file is untouched.
 */
export function replaceFile(path: string, text: string): void {
  const aside = `${path}.${process.pid}.new`
  try {
    rmSync(aside, { force: true })
    const fd = openSync(aside, 'wx', 0o644)
    try {
      writeAll(fd, Buffer.from(text))
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(aside, path)
  } catch (error) {
    rmSync(aside, { force: true })
    throw error
  }
}
