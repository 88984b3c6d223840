// From what stands on disk and in /proc to what the domain may believe. `mapRecord` is pure.
import { basename } from 'node:path'
import type { TaskObservation } from '../../job/ports.ts'
import { absentTask } from '../absent-task.ts'
import { countTaskMemory } from './cgroup.ts'
import type { HostMachine } from './machine.ts'
import { logTail, readRecord, type TaskRecord } from './record.ts'

const SIGNAL_BASE = 128

function base(task: string, record: TaskRecord): TaskObservation {
  return {
    ...absentTask(task),
    address: record.plan?.request.address ?? null,
    startedAtMs: record.startedAtMs,
    endedAtMs: record.endedAtMs,
  }
}

/**
 * `log` is the end of the supervisor's log, for messages. Order matters: a live first process wins over everything,
 * because exited and lost both promise that nothing runs.
 */
export function mapRecord(task: string, record: TaskRecord, log: string): TaskObservation {
  const { started, info, exitCode } = record
  if (started === null || started === 'sealed') return absentTask(task)
  const seen = base(task, record)
  const lost = (message: string): TaskObservation => ({ ...seen, state: 'lost', message })
  if (started === 'torn') return lost('the machine went down while the task started; what it did is unknown')
  if (record.initAlive) return { ...seen, state: 'running' }
  if (exitCode !== null) {
    if (info?.reported === true) return { ...seen, state: 'exited', exitCode }
    if (exitCode < SIGNAL_BASE) {
      return {
        ...seen,
        state: 'exited',
        exitCode,
        message: `The sandbox could not be set up: ${log || 'bwrap said nothing'}`,
      }
    }
    if (record.killed)
      return { ...seen, state: 'exited', exitCode, message: 'Killed while the sandbox was being set up' }
    return lost(
      'the process that watched the sandbox was killed, so how the task ended is unknown; something on this machine kills processes',
    )
  }
  if (!record.sameBoot) return lost('the machine was restarted while the task ran')
  if (record.supervisorAlive) return { ...seen, state: info === null ? 'starting' : 'running' }
  return lost(
    "the task's supervisor was killed, so how the task ended is unknown; something on this machine kills processes",
  )
}

/** One task; reads a few small files and /proc. */
export async function observeTask(
  machine: HostMachine,
  folder: string,
  jobId: string,
  task: string,
): Promise<TaskObservation> {
  const record = await readRecord(folder)
  if (record.plan !== null && record.plan.jobId !== jobId) return absentTask(task)
  const needsLog = record.exitCode !== null && record.exitCode !== 0 && record.info?.reported !== true
  const seen = mapRecord(task, record, needsLog ? await logTail(folder) : '')
  if (seen.state !== 'exited' && seen.state !== 'lost') return seen
  const { oomKilled, peakBytes } = await countTaskMemory(machine.cgroups, basename(folder))
  const limitBytes = oomKilled === null ? null : (record.plan?.request.limits.memoryBytes ?? null)
  return {
    ...seen,
    oomKilled: oomKilled === null ? 'unknown' : oomKilled ? 'yes' : 'no',
    memory: limitBytes === null ? null : { limitBytes, peakBytes },
  }
}
