// Disks that fill up quickly.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
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

/** Fills the disk of a folder up to its last block; what is returned makes room again. */
export function fillDisk(dir: string): Disposable {
  const ballast = join(dir, 'ballast')
  const { bavail, bsize } = statfsSync(dir)
  writeFileSync(ballast, Buffer.alloc(bavail * bsize))
  return { [Symbol.dispose]: () => rmSync(ballast) }
}
