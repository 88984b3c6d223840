// Sets the CPUs of ranks. Node has no call for it, so the runtime folder brings taskset. It is turned on ourselves right before a
// rank starts, which inherits it: nothing of ours then stands between the rank and what it was started with.
import { execFile, execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { affinityMode, cpuList, evenSlices, npuSlices } from './cpu-slices.ts'
import type { Environment } from './environment.ts'
import { readText } from './processes.ts'
import type { ServiceLog } from './service-log.ts'

const TOPOLOGY_MS = 10_000

export type CpuAffinity = Disposable & {
  /** Called right before the rank at this place is started. */
  bind(index: number): void
}

export type AffinityOptions = {
  readonly environment: Environment
  readonly runtimeDir: string
  readonly physicalIds: readonly number[]
  readonly log: ServiceLog
}

/** Null when CPUs are left alone, or cannot be told apart, which is said. Throws LauncherError 2 for a mode nobody knows. */
export async function openCpuAffinity(options: AffinityOptions): Promise<CpuAffinity | null> {
  const { environment, runtimeDir, physicalIds, log } = options
  const mode = affinityMode(environment['ROPEWAY_CPU_AFFINITY'])
  if (mode === null) return null
  const allowed = cpuList(/^Cpus_allowed_list:\s*(\S+)/m.exec(readText('/proc/self/status'))?.[1] ?? '')
  const near = mode === 'npu' ? npuSlices(await topologyOf(environment), physicalIds, allowed) : null
  if (mode === 'npu' && near === null)
    log.warning(
      'ROPEWAY_CPU_AFFINITY: npu-smi info -t topo does not name CPUs for all cards; CPUs are divided evenly',
    )
  const slices = near ?? evenSlices(allowed, physicalIds.length)
  const set = tasksetOf(runtimeDir)
  if (slices === null || set === null) {
    const why =
      slices === null ? `${allowed.length} CPUs for ${physicalIds.length} ranks` : 'no taskset in the runtime'
    log.warning(`ROPEWAY_CPU_AFFINITY: ${why}; CPUs are left alone`)
    return null
  }
  for (const [index, slice] of slices.entries()) log.info(`device ${index} may use CPUs ${slice.join(',')}`)
  return { bind: (index) => set(slices[index] ?? allowed), [Symbol.dispose]: () => set(allowed) }
}

async function topologyOf(environment: Environment): Promise<string> {
  const options = { env: environment, timeout: TOPOLOGY_MS, killSignal: 'SIGKILL' } as const
  return promisify(execFile)('npu-smi', ['info', '-t', 'topo'], options).then(
    ({ stdout }) => stdout,
    () => '',
  )
}

/** Sets the CPUs of our main thread, the one that children are forked from. */
function tasksetOf(runtimeDir: string): ((cpus: readonly number[]) => void) | null {
  const lib = join(runtimeDir, 'lib')
  try {
    const loader = readdirSync(lib).find((name) => /^ld-.*\.so\.\d+$/.test(name))
    if (!loader || !readdirSync(runtimeDir).includes('taskset')) return null
    const words = ['--library-path', lib, join(runtimeDir, 'taskset'), '-cp']
    return (cpus) => {
      execFileSync(join(lib, loader), [...words, cpus.join(','), String(process.pid)], {
        env: {},
        stdio: 'ignore',
      })
    }
  } catch {
    return null
  }
}
