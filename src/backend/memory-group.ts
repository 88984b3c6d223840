// What the kernel's memory controller says of a group of processes, version 1 or 2 of cgroups.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export type MemoryGroup = { readonly version: 1 | 2; readonly dir: string }

/** Most it ever used, and whether the kernel killed in it for want of memory; null for what cannot be read. */
export type MemoryCount = { readonly peakBytes: number | null; readonly oomKilled: boolean | null }

/** The group of a process, from the text of its /proc/PID/cgroup; null when it has none of its own. */
export function memoryGroupOf(procCgroup: string): MemoryGroup | null {
  for (const line of procCgroup.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (path === undefined || controllers === undefined) continue
    if (controllers.split(',').includes('memory'))
      return path === '/' ? null : { version: 1, dir: join('/sys/fs/cgroup/memory', path) }
  }
  const unified = /^0::(\/.*)$/m.exec(procCgroup)?.[1]
  return unified === undefined || unified === '/'
    ? null
    : { version: 2, dir: join('/sys/fs/cgroup', unified) }
}

/** `memory.peak` is there since Linux 5.19. */
export async function countMemory({ version, dir }: MemoryGroup): Promise<MemoryCount> {
  const read = (name: string): Promise<string> => readFile(join(dir, name), 'utf8').catch(() => '')
  const [peak, kills] = await Promise.all([
    read(version === 1 ? 'memory.max_usage_in_bytes' : 'memory.peak'),
    read(version === 1 ? 'memory.oom_control' : 'memory.events'),
  ])
  const killed = /^oom_kill (\d+)/m.exec(kills)?.[1]
  return {
    peakBytes: /^\d+\n?$/.test(peak) ? Number(peak) : null,
    oomKilled: killed === undefined ? null : Number(killed) > 0,
  }
}

/** The same of a live process's group. */
export async function countMemoryOf(pid: number): Promise<MemoryCount> {
  const group = memoryGroupOf(await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => ''))
  return group === null ? { peakBytes: null, oomKilled: null } : countMemory(group)
}
