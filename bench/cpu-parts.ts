// Processor time by part, from a cgroup each: on a machine that is never idle it says more than the clock does.
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'

const CPUACCT = '/sys/fs/cgroup/cpuacct'
const PARTS = ['engine', 'containers', 'server', 'client'] as const

export type CpuPart = (typeof PARTS)[number]
/** Seconds. */
export type CpuSeconds = Readonly<Record<CpuPart, number>>

/** Needs root and version 1 of cgroups. */
export class CpuParts implements Disposable {
  readonly #name = `ropeway-bench-${process.pid}`
  readonly #dir = join(CPUACCT, this.#name)

  constructor() {
    for (const part of PARTS) mkdirSync(join(this.#dir, part), { recursive: true })
  }

  /** What `--cgroup-parent` of an engine takes for its containers to count as that part. */
  get containersParent(): string {
    return `/${this.#name}/containers`
  }

  /** This process, and whatever it starts from now on, is of that part. */
  enter(part: CpuPart): void {
    writeFileSync(join(this.#dir, part, 'cgroup.procs'), `${process.pid}`)
  }

  /** What each part took while `work` ran. */
  async during(work: () => Promise<unknown>): Promise<CpuSeconds> {
    const before = this.#read()
    await work()
    const after = this.#read()
    return {
      engine: after.engine - before.engine,
      containers: after.containers - before.containers,
      server: after.server - before.server,
      client: after.client - before.client,
    }
  }

  #read(): CpuSeconds {
    const of = (part: CpuPart): number =>
      Number(readFileSync(join(this.#dir, part, 'cpuacct.usage'), 'utf8')) / 1e9
    return { engine: of('engine'), containers: of('containers'), server: of('server'), client: of('client') }
  }

  [Symbol.dispose](): void {
    writeFileSync(join(CPUACCT, 'cgroup.procs'), `${process.pid}`)
    for (const part of [...PARTS, '']) rmdirSync(join(this.#dir, part))
  }
}

/** `0.42 s: engine 0.30, …`, for each of `count`. */
export function perOne(seconds: CpuSeconds, count: number): string {
  const parts = PARTS.filter((part) => seconds[part] > 0.005 * count)
  const each = (value: number): string => (value / count).toFixed(2)
  return `${each(total(seconds))} s: ${parts.map((part) => `${part} ${each(seconds[part])}`).join(', ')}`
}

export const total = (seconds: CpuSeconds): number => PARTS.reduce((sum, part) => sum + seconds[part], 0)
