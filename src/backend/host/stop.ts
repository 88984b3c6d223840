// Ends a task and does not return before nothing of it runs. Every kill is preceded by a look at who has the pid.
import { open, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { AppError } from '../../api/error.ts'
import { sleep } from '../../lib/abort.ts'
import { removeCacheFolder } from '../cache-folder.ts'
import { deleteTree } from '../delete-tree.ts'
import { childrenOf, isAlive, sendSignal, takesSigterm } from '../process.ts'
import { GRAVES_DIR } from '../task-folder.ts'
import { removeCgroups } from './cgroup.ts'
import { ENDED_DIR, TASK_FILES } from './layout.ts'
import type { HostMachine } from './machine.ts'
import { isInit } from './process.ts'
import { readPlan, readRecord, type SandboxInfo, type Started, seal } from './record.ts'

/** How often we look while waiting; a look is two small reads in /proc. */
const LOOK_MS = 10
/** bwrap reports within milliseconds; a supervisor silent for longer is stuck. */
const SILENT_MS = 3_000
/** SIGKILL takes effect at once unless the kernel is waiting for a device. */
const KILL_TIMEOUT_MS = 10_000

type Live = {
  readonly started: Started
  readonly info: SandboxInfo | null
  readonly init: boolean
  readonly supervisor: boolean
}

/** Null when nothing of the task runs. */
async function liveParts(folder: string): Promise<Live | null> {
  const record = await readRecord(folder)
  const { started } = record
  if (started === null || typeof started === 'string' || (!record.initAlive && !record.supervisorAlive))
    return null
  return { started, info: record.info, init: record.initAlive, supervisor: record.supervisorAlive }
}

function kill(live: Live): void {
  const { started, info } = live
  if (info !== null && live.init && isInit(info.initPid, info.pidNamespace, started.startTicks)) {
    sendSignal(info.initPid, 'SIGKILL')
    return
  }
  // No sandbox is known: what the supervisor has made so far goes with it.
  const family = childrenOf([started.pid])
  if (isAlive(started.pid, started.startTicks)) sendSignal(started.pid, 'SIGKILL')
  for (const pid of family) sendSignal(pid, 'SIGKILL')
}

/** Makes `killed`; on a disk too full even for that, the end of the task matters more than the words for it. */
async function noteKill(folder: string): Promise<void> {
  try {
    await using _file = await open(join(folder, TASK_FILES.killed), 'a', 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}

async function killAndWait(folder: string, signal: AbortSignal): Promise<void> {
  const begun = performance.now()
  for (let live = await liveParts(folder); live !== null; live = await liveParts(folder)) {
    const waited = performance.now() - begun
    if (waited > KILL_TIMEOUT_MS) {
      throw new AppError(
        'BackendUnavailable',
        `Process ${live.info?.initPid ?? live.started.pid} of ${basename(folder)} does not end on SIGKILL`,
      )
    }
    if (live.init || waited > SILENT_MS) {
      await noteKill(folder)
      kill(live)
    }
    await sleep(LOOK_MS, signal)
  }
}

/** SIGTERM once the first process can take it, at most `graceMs` of patience, SIGKILL, verified gone. */
export async function endTask(folder: string, graceMs: number, signal: AbortSignal): Promise<void> {
  await seal(folder)
  const deadline = performance.now() + graceMs
  let asked = false
  while (performance.now() < deadline) {
    const live = await liveParts(folder)
    if (live === null) return
    if (!asked && live.init && live.info !== null && takesSigterm(live.info.initPid)) {
      sendSignal(live.info.initPid, 'SIGTERM')
      asked = true
    }
    await sleep(Math.min(LOOK_MS, Math.max(1, deadline - performance.now())), signal)
  }
  await killAndWait(folder, signal)
}

/** Ends the task and forgets it: processes, cgroups, files. bwrap's mounts went with its namespace. */
export async function removeTask(
  machine: HostMachine,
  folder: string,
  jobId: string,
  signal: AbortSignal,
): Promise<void> {
  const plan = await readPlan(folder)
  if (plan !== null && plan.jobId !== jobId) return
  await endTask(folder, 0, signal)
  const name = basename(folder)
  const left = await removeCgroups(machine.cgroups, name, KILL_TIMEOUT_MS, signal)
  if (left.length > 0)
    throw new AppError('BackendUnavailable', `Processes ${left.join(', ')} of ${name} do not end on SIGKILL`)
  await removeCacheFolder(folder, (path) => deleteTree(path, machine.isRoot))
  // Renamed first: a half deleted folder must not look like a task that was never started.
  const grave = join(machine.tasksDir, GRAVES_DIR, `${name}.${process.hrtime.bigint()}`)
  const moved = await rename(folder, grave).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )
  await rm(join(machine.tasksDir, ENDED_DIR, name), { force: true })
  if (moved) await deleteTree(grave, machine.isRoot)
}
