// How much memory containers were seen to use, and whether it ran out. A container's cgroup goes with its first process,
// so what was read at the last look before is remembered; Podman does not say itself that memory ran out.
import type { ContainerInspectInfo } from 'dockerode'
import type { MemoryUse, OomKilled } from '../../job/explain-end.ts'
import { countMemoryOf, type MemoryCount } from '../memory-group.ts'
import { oomInKernelLog } from './kernel-log.ts'
import { hasStopped } from './observe.ts'

export type SeenMemory = { readonly oomKilled: OomKilled; readonly memory: MemoryUse | null }

/** Containers whose counts are kept; those looked at longest ago go first. */
const REMEMBERED = 4096

export class MemorySeen {
  readonly #isPodman: boolean
  readonly #counts = new Map<string, MemoryCount>()

  constructor(isPodman: boolean) {
    this.#isPodman = isPodman
  }

  /** Call it at every look at a container that was started: the last one counts. */
  async look(info: ContainerInspectInfo): Promise<SeenMemory> {
    const limitBytes = info.HostConfig?.Memory ?? 0
    if (!hasStopped(info) && info.State.Pid > 0) this.#remember(info.Id, await countMemoryOf(info.State.Pid))
    const peakBytes = this.#counts.get(info.Id)?.peakBytes ?? null
    return {
      oomKilled: hasStopped(info) ? await this.#oomKilled(info) : 'unknown',
      memory: limitBytes > 0 ? { limitBytes, peakBytes } : null,
    }
  }

  async #oomKilled({ Id, State }: ContainerInspectInfo): Promise<OomKilled> {
    if (State.OOMKilled) return 'yes'
    if (State.ExitCode === 0) return 'no'
    if (this.#counts.get(Id)?.oomKilled) return 'yes'
    if (!this.#isPodman) return 'no'
    if (!(await oomInKernelLog(Id))) return 'unknown'
    this.#remember(Id, { peakBytes: null, oomKilled: true })
    return 'yes'
  }

  /** What can no longer be read stays as it was. */
  #remember(id: string, count: MemoryCount): void {
    const before = this.#counts.get(id)
    this.#counts.delete(id)
    this.#counts.set(id, {
      peakBytes: count.peakBytes ?? before?.peakBytes ?? null,
      oomKilled: count.oomKilled ?? before?.oomKilled ?? null,
    })
    const [oldest] = this.#counts.keys()
    if (this.#counts.size > REMEMBERED && oldest !== undefined) this.#counts.delete(oldest)
  }
}
