// A control group of our own around the ranks, where the kernel and our rights allow one (cgroup v2): whatever a process
// does to its session, its parent or its environment, it stays in there, and cgroup.kill ends all of it at once.
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { readText } from './processes.ts'

export class RankCgroup implements Disposable {
  readonly #dir: string

  private constructor(dir: string) {
    this.#dir = dir
  }

  /** Null where there is no cgroup v2 that we may divide, as in most containers. */
  static open(): RankCgroup | null {
    const own = ownCgroup(readText('/proc/self/mountinfo'), readText('/proc/self/cgroup'))
    if (own === null) return null
    const dir = join(own, `ropeway-ranks-${process.pid}`)
    try {
      mkdirSync(dir)
      return existsSync(join(dir, 'cgroup.procs')) ? new RankCgroup(dir) : null
    } catch {
      return null
    }
  }

  /** What it forked before stays outside, and is found as before. */
  add(pid: number): void {
    try {
      writeFileSync(join(this.#dir, 'cgroup.procs'), String(pid))
    } catch {
      // Gone already, or not ours to move.
    }
  }

  members(): number[] {
    return readText(join(this.#dir, 'cgroup.procs')).split('\n').filter(Boolean).map(Number)
  }

  /** SIGKILL to all of it (Linux 5.14); without the file the members are killed one by one. */
  kill(): void {
    try {
      writeFileSync(join(this.#dir, 'cgroup.kill'), '1')
    } catch {
      // Older kernel.
    }
  }

  [Symbol.dispose](): void {
    try {
      rmdirSync(this.#dir)
    } catch {
      // Somebody could not be ended; that was said.
    }
  }
}

/** Folder of our own group, from what the kernel says of mounts and groups; null without cgroup v2. */
export function ownCgroup(mountinfo: string, cgroup: string): string | null {
  const path = /^0::(\/.*)$/m.exec(cgroup)?.[1]
  const mount = mountinfo
    .split('\n')
    .map((line) => line.split(' '))
    .find((fields) => fields[fields.indexOf('-') + 1] === 'cgroup2')
  const [, , , root, point] = mount ?? []
  if (path === undefined || root === undefined || point === undefined) return null
  const below = relative(root, path)
  return below.startsWith('..') ? null : join(point, below)
}
