// Limits that every backend sets alike.
import type { DeviceWiring } from '../accelerator/device-wiring.ts'
import type { Ulimit } from '../job/site.ts'

/** Processes and threads a task may have: enough for eight ranks with their threads, too few to choke the machine. */
export const PIDS_MAX = 32_768

/** cpu.shares as Kubernetes counts them: 1024 a core, at least 2. */
export const cpuShares = (cores: number): number => Math.min(262_144, Math.max(2, Math.round(cores * 1024)))

/** Microseconds of CPU time in each period of `CPU_PERIOD_US`, as Kubernetes' limits count them. */
export const CPU_PERIOD_US = 100_000
export const cpuQuotaUs = (cores: number): number => Math.max(1_000, Math.round(cores * CPU_PERIOD_US))

/**
 * Drivers pin memory that devices read and write. Where nobody named a limit and the engine may lift it, there is none; where
 * it may not, asking would keep the task from starting.
 */
export function withLockedMemory(
  asked: readonly Ulimit[],
  { locksMemory }: Pick<DeviceWiring, 'locksMemory'>,
  mayRaiseLimits: boolean,
): readonly Ulimit[] {
  const leaves = !locksMemory || !mayRaiseLimits || asked.some(({ name }) => name === 'memlock')
  return leaves ? asked : [...asked, { name: 'memlock', soft: -1, hard: -1 }]
}
