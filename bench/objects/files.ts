// Files to move: of random bytes, so that nobody gains by compressing them.
import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const MIB = 1024 ** 2

/** One file at `path`, or a folder of many with at most 1,000 in each folder. Returns the path. */
export function makeFiles(path: string, count: number, bytes: number): string {
  if (count === 1) {
    const file = openSync(path, 'w')
    for (let left = bytes; left > 0; left -= MIB) writeSync(file, randomBytes(Math.min(MIB, left)))
    closeSync(file)
    return path
  }
  const one = randomBytes(bytes)
  for (let at = 0; at < count; at += 1) {
    const folder = join(path, String(Math.floor(at / 1000)))
    if (at % 1000 === 0) mkdirSync(folder, { recursive: true })
    // Different by their first bytes is enough.
    one.writeUInt32BE(at)
    writeFileSync(join(folder, `file-${at}`), one)
  }
  return path
}
