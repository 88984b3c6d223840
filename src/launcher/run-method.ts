// MA_RUN_METHOD: a boot file that torchrun or msrun multiplies, instead of one process per row of the rank table
// (ascend.md §3.16). Both make their own world from an address, so no table is read and none is handed on.
import { hostname } from 'node:os'
import { dirname, isAbsolute } from 'node:path'
import { visibleIds } from '../accelerator/rank-table/own-devices.ts'
import { LAUNCHER_EXIT } from '../api/task-constants.ts'
import type { Environment } from './environment.ts'
import { LauncherError } from './launcher-error.ts'
import { logFolder } from './places.ts'
import { jobIdOf } from './rank-plan.ts'

export type RunMethod = 'torchrun' | 'msrun'

/** Null for the way of Ascend-Powered-Engine: one process per device. Throws LauncherError 2 for a word nobody knows. */
export function runMethodOf(environment: Environment): RunMethod | null {
  const method = environment['MA_RUN_METHOD']
  if (!method) return null
  if (method === 'torchrun' || method === 'msrun') return method
  throw usage(`MA_RUN_METHOD: got ${JSON.stringify(method)}; valid: torchrun, msrun, or not set`)
}

export type MethodInput = {
  readonly method: RunMethod
  readonly environment: Environment
  readonly python: string
  readonly bootFile: string
  readonly args: readonly string[]
  /** Where msrun writes what its processes print. */
  readonly logDir: string
}

/** Where msrun's processes write: a folder of the job's logs. */
export const methodLogFolder = (environment: Environment): string =>
  `${logFolder(environment) ?? '/tmp'}/${jobIdOf(environment, hostname())}/mindspore/log`

/** The one program of a task, and its environment. Pure. Throws LauncherError 2. */
export function methodProgram(input: MethodInput): { argv: string[]; env: Record<string, string> } {
  const { method, environment, python, bootFile, args } = input
  const world = worldOf(environment)
  const more = (environment['ROPEWAY_RUN_METHOD_ARGS'] ?? '').split(/\s+/).filter(Boolean)
  const launcher = method === 'torchrun' ? torchrun(world) : msrun(world, input.logDir)
  const env: Record<string, string> = { PYTHONUNBUFFERED: '1', ...environment }
  // msrun starts its processes as `python`, whatever it was started with itself.
  if (isAbsolute(python)) env['PATH'] = `${dirname(python)}:${env['PATH'] ?? ''}`
  // Both launchers number their processes themselves; a table or number from outside would contradict them.
  for (const name of [
    'RANK_TABLE_FILE',
    'RANK_TABLE_FILE_V_1_0',
    'RANK_ID',
    'RANK_SIZE',
    'DEVICE_ID',
    'ASCEND_DEVICE_ID',
  ])
    delete env[name]
  return { argv: [python, '-m', ...launcher, ...more, bootFile, ...args], env }
}

type World = {
  readonly nodes: number
  readonly node: number
  readonly processes: number
  readonly address: string
  readonly port: string
}

function worldOf(environment: Environment): World {
  const nodes = count(environment, ['MA_NUM_HOSTS', 'VC_WORKER_NUM', 'DLS_TASK_NUMBER'], 1) ?? 1
  const node = count(environment, ['VC_TASK_INDEX', 'VK_TASK_INDEX', 'DLS_TASK_INDEX'], 0) ?? 0
  const [first = ''] = (environment['VC_WORKER_HOSTS'] ?? '').split(',')
  const address = environment['MASTER_ADDR'] || (nodes === 1 ? '127.0.0.1' : first)
  if (address === '')
    throw usage(
      `VC_WORKER_HOSTS: got nothing, and there are ${nodes} tasks; valid: their names, or MASTER_ADDR`,
    )
  return {
    ...{ nodes, node, address, processes: processesOf(environment) },
    port: environment['MASTER_PORT'] || '6666',
  }
}

/** One per device of this task; a task without devices has one. */
function processesOf(environment: Environment): number {
  return Math.max(count(environment, ['MA_NUM_GPUS'], 0) ?? visibleDevices(environment), 1)
}

function visibleDevices(environment: Environment): number {
  const text = environment['ASCEND_VISIBLE_DEVICES']?.trim() ?? ''
  const ids = visibleIds(text)
  if (ids.length > 0 || text === '' || text === 'void') return ids.length
  throw usage(
    `ASCEND_VISIBLE_DEVICES: got ${JSON.stringify(text.slice(0, 100))}; valid: ids and ranges such as 0,2 or 0-7, or void`,
  )
}

function count(environment: Environment, names: readonly string[], least: number): number | null {
  for (const name of names) {
    const text = environment[name]
    if (!text) continue
    if (/^\d{1,5}$/.test(text) && Number(text) >= least) return Number(text)
    throw usage(`${name}: got ${JSON.stringify(text)}; valid: a number from ${least}`)
  }
  return null
}

const torchrun = ({ nodes, node, processes, address, port }: World): string[] => [
  ...['torch.distributed.run', '--nnodes', String(nodes), '--node_rank', String(node)],
  ...['--nproc_per_node', String(processes), '--master_addr', address, '--master_port', port],
]

/** `--join` makes it wait for its processes, end with their code and show what they print. */
const msrun = ({ nodes, node, processes, address, port }: World, logDir: string): string[] => [
  ...['mindspore.parallel.cluster.run', '--worker_num', String(nodes * processes)],
  ...['--local_worker_num', String(processes), '--master_addr', address, '--master_port', port],
  ...['--node_rank', String(node), '--log_dir', logDir, '--join', 'True'],
]

const usage = (message: string): LauncherError => new LauncherError(LAUNCHER_EXIT.usage, 'Usage', message)
