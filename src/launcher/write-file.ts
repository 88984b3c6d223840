// Files that others read while we write them.
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { newMark } from './mark.ts'

/** Writes all bytes, however many writes it takes. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done)
}

/** A text as bytes, piece by piece through one buffer: tables can have megabytes. No character is cut. */
export function* utf8Pieces(text: string): Generator<Uint8Array> {
  const encoder = new TextEncoder()
  const buffer = new Uint8Array(1 << 16)
  for (let at = 0; at < text.length; ) {
    const { read, written } = encoder.encodeInto(text.slice(at), buffer)
    yield buffer.subarray(0, written)
    at += read
  }
}

/**
 * Puts a regular file (mode 0644) at `path` in one step: readers see the old bytes or the new ones, never a part.
 * On an error the old file is untouched.
 */
export function replaceFile(path: string, text: string): void {
  // Containers that share the folder have the same pids.
  const aside = `${path}.${newMark()}.new`
  try {
    const fd = openSync(aside, 'wx', 0o644)
    try {
      for (const piece of utf8Pieces(text)) writeAll(fd, piece)
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
