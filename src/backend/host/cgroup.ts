// Limits of a task through cgroups, version 1 or 2, whichever holds the controller and can be written.
// Where a controller is missing the plan says so and the task runs without that limit.
import { accessSync, constants, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sleep } from '../../lib/abort.ts'
import { CPU_PERIOD_US, cpuQuotaUs, cpuShares, PIDS_MAX } from '../limits.ts'
import { countMemory, type MemoryCount } from '../memory-group.ts'
import { sendSignal } from '../process.ts'

export const CONTROLLERS = ['memory', 'cpu', 'pids'] as const
export type Controller = (typeof CONTROLLERS)[number]

/** Where our groups of one controller live: a folder `ropeway` in the controller's mount. */
export type CgroupBase = { readonly version: 1 | 2; readonly base: string }
export type CgroupSet = Readonly<Partial<Record<Controller, CgroupBase>>>

/** One folder to make and the values to write into it. */
export type CgroupFolder = { readonly path: string; readonly values: Readonly<Record<string, string>> }
export type Limits = {
  readonly memoryBytes: number
  readonly cpuCores: number
  readonly cpuLimit: boolean
}

type Mount = { readonly path: string; readonly type: string; readonly options: readonly string[] }

/** Mounts of cgroup file systems from the text of /proc/self/mountinfo (proc(5)). */
export function parseCgroupMounts(mountinfo: string): Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ')
    const path = before?.split(' ')[4]
    const [type, , options] = after?.split(' ') ?? []
    if (path === undefined || (type !== 'cgroup' && type !== 'cgroup2')) return []
    return [{ path, type, options: (options ?? '').split(',') }]
  })
}

function writable(base: string): boolean {
  try {
    mkdirSync(base, { recursive: true })
    accessSync(base, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** Version 2 hands a controller down only when each level above says so. */
function enableBelow(mount: string, controller: Controller): boolean {
  try {
    if (!readFileSync(join(mount, 'cgroup.controllers'), 'utf8').split(/\s+/).includes(controller))
      return false
    const base = join(mount, 'ropeway')
    if (!writable(base)) return false
    writeFileSync(join(mount, 'cgroup.subtree_control'), `+${controller}`)
    writeFileSync(join(base, 'cgroup.subtree_control'), `+${controller}`)
    return true
  } catch {
    return false
  }
}

/** Which controllers can be used here; makes our folder in each. */
export function detectCgroups(): CgroupSet {
  const found: Partial<Record<Controller, CgroupBase>> = {}
  const mounts = parseCgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8'))
  for (const controller of CONTROLLERS) {
    const one = mounts.find((mount) => mount.type === 'cgroup' && mount.options.includes(controller))
    const two = mounts.find((mount) => mount.type === 'cgroup2')
    if (one !== undefined) {
      const base = join(one.path, 'ropeway')
      if (writable(base)) found[controller] = { version: 1, base }
    } else if (two !== undefined && enableBelow(two.path, controller)) {
      found[controller] = { version: 2, base: join(two.path, 'ropeway') }
    }
  }
  return found
}

/** cpu.weight from shares, the conversion of the OCI runtime specification. */
const cpuWeight = (cores: number): number => 1 + Math.floor(((cpuShares(cores) - 2) * 9999) / 262_142)

const cpuShare = (version: 1 | 2, cores: number): Record<string, string> =>
  version === 1 ? { 'cpu.shares': String(cpuShares(cores)) } : { 'cpu.weight': String(cpuWeight(cores)) }

const cpuMost = (version: 1 | 2, cores: number): Record<string, string> =>
  version === 1
    ? { 'cpu.cfs_period_us': String(CPU_PERIOD_US), 'cpu.cfs_quota_us': String(cpuQuotaUs(cores)) }
    : { 'cpu.max': `${cpuQuotaUs(cores)} ${CPU_PERIOD_US}` }

function valuesOf(controller: Controller, version: 1 | 2, limits: Limits): Record<string, string> {
  switch (controller) {
    case 'memory':
      return {
        [version === 1 ? 'memory.limit_in_bytes' : 'memory.max']: String(Math.floor(limits.memoryBytes)),
      }
    case 'cpu':
      return {
        ...cpuShare(version, limits.cpuCores),
        ...(limits.cpuLimit ? cpuMost(version, limits.cpuCores) : {}),
      }
    case 'pids':
      return { 'pids.max': String(PIDS_MAX) }
  }
}

/** The folders a task named `name` gets, and what stays unlimited. Pure. */
export function planCgroups(
  set: CgroupSet,
  name: string,
  limits: Limits,
): { folders: CgroupFolder[]; notLimited: Controller[] } {
  const byPath = new Map<string, Record<string, string>>()
  const notLimited: Controller[] = []
  for (const controller of CONTROLLERS) {
    const base = set[controller]
    if (base === undefined) {
      notLimited.push(controller)
      continue
    }
    const path = join(base.base, name)
    byPath.set(path, { ...byPath.get(path), ...valuesOf(controller, base.version, limits) })
  }
  return { folders: [...byPath].map(([path, values]) => ({ path, values })), notLimited }
}

/** Makes the folders and writes the values. Safe to repeat. */
export async function makeCgroups(folders: readonly CgroupFolder[]): Promise<void> {
  for (const folder of folders) {
    await mkdir(folder.path, { recursive: true })
    for (const [file, value] of Object.entries(folder.values)) await writeFile(join(folder.path, file), value)
  }
}

/** What the kernel counted of a task's memory; nulls when its group is gone, or never was. */
export async function countTaskMemory(set: CgroupSet, name: string): Promise<MemoryCount> {
  const { memory } = set
  if (memory === undefined) return { peakBytes: null, oomKilled: null }
  return countMemory({ version: memory.version, dir: join(memory.base, name) })
}

async function members(path: string): Promise<number[]> {
  const text = await readFile(join(path, 'cgroup.procs'), 'utf8').catch(() => '')
  return text.split('\n').filter(Boolean).map(Number)
}

/** Kills what is left in the groups of `name` and removes them; waits at most `timeoutMs`. Returns pids that would not go. */
export async function removeCgroups(
  set: CgroupSet,
  name: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<number[]> {
  const paths = [...new Set(Object.values(set).map((base) => join(base.base, name)))]
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const left = new Set<number>()
    let busy = false
    for (const path of paths) {
      for (const pid of await members(path)) left.add(pid)
      const code = await rmdir(path).then(
        () => null,
        (error: NodeJS.ErrnoException) => error.code,
      )
      if (code !== null && code !== 'ENOENT') busy = true
    }
    if (!busy) return []
    if (performance.now() > deadline) return [...left]
    for (const pid of left) sendSignal(pid, 'SIGKILL')
    await sleep(10, signal)
  }
}
