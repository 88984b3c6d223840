// Did the kernel kill a process of a container for want of memory? Docker says so itself; Podman does not
// (exit code 137, OOMKilled false). While the container lives its cgroup counts, afterwards the kernel's log remembers.
import { constants } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Path of a process's memory cgroup below /sys/fs/cgroup and the file that counts; null when there is none. */
export function oomFileOf(procCgroup: string): string | null {
  for (const line of procCgroup.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (path === undefined || controllers === undefined) continue
    if (controllers.split(',').includes('memory'))
      return join('/sys/fs/cgroup/memory', path, 'memory.oom_control')
  }
  const unified = /^0::(\/.*)$/m.exec(procCgroup)?.[1]
  return unified === undefined || unified === '/' ? null : join('/sys/fs/cgroup', unified, 'memory.events')
}

/** Looks at the cgroup of a live process. */
export async function oomInCgroup(pid: number): Promise<boolean> {
  const file = oomFileOf(await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => ''))
  if (file === null) return false
  return /^oom_kill [1-9]/m.test(await readFile(file, 'utf8').catch(() => ''))
}

/** Does the kernel's log name the container's cgroup in an out-of-memory kill? Needs the right to read /dev/kmsg. */
export async function oomInKernelLog(containerId: string): Promise<boolean> {
  try {
    await using log = await open('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK)
    const record = Buffer.alloc(8192)
    for (;;) {
      const { bytesRead } = await log.read(record, 0, record.length, null)
      if (bytesRead === 0) return false
      const text = record.toString('utf8', 0, bytesRead)
      if (text.includes('oom-kill:') && text.includes(containerId)) return true
    }
  } catch {
    // EAGAIN is the end of the log; EPIPE means that the next record was overwritten meanwhile.
    return false
  }
}
