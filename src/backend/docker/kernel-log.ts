// Does the kernel's log tell of a kill for want of memory in a container? Podman's word on it is missing.
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/** Needs the right to read /dev/kmsg; false without. */
export async function oomInKernelLog(containerId: string): Promise<boolean> {
  try {
    await using log = await open('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK)
    const record = Buffer.alloc(8192)
    return await findOom(containerId, async () => {
      const { bytesRead } = await log.read(record, 0, record.length, null)
      return record.toString('utf8', 0, bytesRead)
    })
  } catch {
    return false
  }
}

/** `next` gives one record a call, as read(2) of /dev/kmsg does; the log ends with EAGAIN. */
export async function findOom(containerId: string, next: () => Promise<string>): Promise<boolean> {
  for (;;) {
    try {
      const text = await next()
      if (text === '') return false
      if (text.includes('oom-kill:') && text.includes(containerId)) return true
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EAGAIN') return false
      // The next record was overwritten meanwhile; reading goes on with the oldest that is left.
      if (code !== 'EPIPE') throw error
    }
  }
}
