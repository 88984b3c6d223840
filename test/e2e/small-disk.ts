// Disks that fill up quickly.
import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder that is a small disk of its own. */
export function smallDisk(size: string) {
  const dir = mkdtempSync(join(tmpdir(), 'rw-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', dir])
  return {
    dir,
    [Symbol.dispose]() {
      execFileSync('umount', [dir])
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** A data folder below `parent` with the site's rules; the default ones want more room than a small disk has. */
export function dataFolder(parent: string, site: string): string {
  const dir = join(parent, 'd')
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'site.yaml'), site)
  return dir
}

/** Fills the disk of a folder until it takes no byte more; what is returned makes room again. */
export function fillDisk(dir: string): Disposable {
  const ballast = join(dir, 'ballast')
  const fd = openSync(ballast, 'w')
  try {
    for (const piece = Buffer.alloc(1 << 20); ; ) writeSync(fd, piece)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  } finally {
    closeSync(fd)
  }
  return { [Symbol.dispose]: () => rmSync(ballast) }
}
