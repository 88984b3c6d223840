import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { buildJob, seen } from '../../test/job-builders.ts'
import type { Placement } from '../accelerator/device.ts'
import type { Job, JobStatus } from './job.ts'
import { isTerminal, NEXT, unseenTask } from './phase.ts'
import type { TaskObservation } from './ports.ts'
import { reconcile } from './reconcile.ts'
import type { Step } from './step.ts'

const NOW = 10_000
const placement = (task: string, index: number): Placement => ({ task, taskIndex: index, hostId: 'sim-0', physicalIds: [index], cpuCores: 1, memoryBytes: 1 })
const world = (more: Partial<Parameters<typeof reconcile>[1]> = {}) => ({ seen: [], admission: null, startError: null, nowMs: NOW, ...more })
const started: Partial<JobStatus> = { phase: 'Pending', secondaryPhase: 'Queuing', attempt: 1, startIntentAtMs: 2000, placements: [placement('worker-0', 0), placement('worker-1', 1)], tasks: [unseenTask('worker-0'), unseenTask('worker-1')], records: [{ attempt: 1, startAtMs: 2000, runningAtMs: null, endAtMs: null, endReason: '', exitCode: null }] }
const running: Partial<JobStatus> = { ...started, phase: 'Running', secondaryPhase: 'Running', startTimeMs: 3000, tasks: ['worker-0', 'worker-1'].map((task) => ({ ...unseenTask(task), state: 'running' as const, address: '127.64.0.1' })) }
const job2 = (status: Partial<JobStatus>, more: Partial<Job> = {}, body: Parameters<typeof buildJob>[0] = {}) => buildJob({ nodes: 2, ...body, status, job: more })
const both = (state: TaskObservation['state'], more: Partial<TaskObservation> = {}) => [seen('worker-0', state, more), seen('worker-1', state, more)]

type Case = { title: string; job: Job; world?: Partial<Parameters<typeof reconcile>[1]>; expect: { action?: Step['action']; phase?: string; secondary?: string; reasons?: string[]; exitCode?: number | null; freed?: boolean; rest?: true } }

const cases: Case[] = [
  { title: 'an accepted job that does not fit waits, and says why', job: job2({}), world: { admission: { admitted: false, position: 3, reason: 'needs 8' } }, expect: { phase: 'Pending', secondary: 'Queuing', reasons: ['WaitingForResources'] } },
  { title: 'an accepted job that fits is booked and its intent to start is on record, with nothing started yet', job: job2({}), world: { admission: { admitted: true, placements: [placement('worker-0', 0), placement('worker-1', 1)] } }, expect: { phase: 'Pending', reasons: ['ResourcesBooked'] } },
  { title: 'a waiting job rests', job: job2({ phase: 'Pending', secondaryPhase: 'Queuing' }), world: { admission: { admitted: false, position: 1, reason: 'x' } }, expect: { rest: true } },
  { title: 'a waiting job that is stopped ends at once', job: job2({ phase: 'Pending' }, { stopRequestedAtMs: 5000 }), expect: { phase: 'Terminated', reasons: ['JobTerminated'], freed: true } },
  { title: 'a booked job with no task yet is started', job: job2(started), world: { seen: both('absent') }, expect: { action: 'start' } },
  { title: 'a start that died half way is completed', job: job2(started), world: { seen: [seen('worker-0', 'running'), seen('worker-1', 'absent')] }, expect: { action: 'start', reasons: ['TaskStarted'] } },
  { title: 'tasks that are still being made are waited for', job: job2({ ...started, tasks: both('starting').map(({ task }) => ({ ...unseenTask(task), state: 'starting' as const, address: '127.64.0.1', startedAtMs: 2000 })) }), world: { seen: both('starting') }, expect: { rest: true } },
  { title: 'all tasks up make the job Running', job: job2(started), world: { seen: both('running') }, expect: { phase: 'Running', secondary: 'Running', reasons: ['TaskStarted', 'TaskStarted', 'JobRunning'] } },
  { title: 'a running job without news rests', job: job2({ ...running, tasks: running.tasks!.map((task) => ({ ...task, startedAtMs: 2000 })) }), world: { seen: both('running') }, expect: { rest: true } },
  { title: 'one task done while another runs is only noted', job: job2(running), world: { seen: [seen('worker-0', 'exited', { exitCode: 0, endedAtMs: 9000 }), seen('worker-1', 'running')] }, expect: { phase: 'Running', reasons: ['TaskExited'] } },
  { title: 'all tasks done: logs are collected, then Completed and devices free', job: job2(running), world: { seen: both('exited', { exitCode: 0, endedAtMs: 9000 }) }, expect: { action: 'collect', phase: 'Completed', exitCode: 0, reasons: ['TaskExited', 'TaskExited', 'JobCompleted'], freed: true } },
  { title: 'a job over before anybody saw it run is Completed all the same', job: job2(started), world: { seen: both('exited', { exitCode: 0, endedAtMs: 2100 }) }, expect: { action: 'collect', phase: 'Completed', freed: true } },
  { title: 'one task fails: the decision to stop the others is on record first', job: job2(running), world: { seen: [seen('worker-0', 'running'), seen('worker-1', 'exited', { exitCode: 7, endedAtMs: 9000 })] }, expect: { phase: 'Running', exitCode: 7, reasons: ['TaskFailed', 'StoppingTasks'] } },
  { title: 'then the others are stopped', job: job2({ ...running, stoppingSinceMs: 9500, stopCause: 'task-failed', exitCode: 7, message: 'worker-1: exit code 7' }), world: { seen: [seen('worker-0', 'running'), seen('worker-1', 'exited', { exitCode: 7, endedAtMs: 9000 })] }, expect: { action: 'stop' } },
  { title: 'then the job is Failed with the code of the first failure, not of those we stopped', job: job2({ ...running, stoppingSinceMs: 9500, stopCause: 'task-failed', exitCode: 7, message: 'worker-1: exit code 7' }), world: { seen: [seen('worker-0', 'exited', { exitCode: 143, endedAtMs: 9600 }), seen('worker-1', 'exited', { exitCode: 7, endedAtMs: 9000 })] }, expect: { action: 'collect', phase: 'Failed', exitCode: 7, freed: true } },
  { title: 'two tasks fail together: the earlier one gives the code', job: job2(running), world: { seen: [seen('worker-0', 'exited', { exitCode: 3, endedAtMs: 9001 }), seen('worker-1', 'exited', { exitCode: 4, endedAtMs: 9000 })] }, expect: { action: 'collect', phase: 'Failed', exitCode: 4 } },
  { title: 'a task seen once and then absent is lost, never started again', job: job2(running), world: { seen: [seen('worker-0', 'absent'), seen('worker-1', 'running')] }, expect: { phase: 'Running', reasons: ['TaskLost', 'StoppingTasks'] } },
  { title: 'a lost task makes the job Abnormal', job: job2(running), world: { seen: [seen('worker-0', 'absent'), seen('worker-1', 'exited', { exitCode: 0, endedAtMs: 9000 })] }, expect: { action: 'collect', phase: 'Abnormal', secondary: 'Lost', freed: true } },
  { title: 'a stop request is put on record as a cause first', job: job2(running, { stopRequestedAtMs: 8000 }), world: { seen: both('running') }, expect: { phase: 'Running' } },
  { title: 'every exit recorded before the stop request: Completed wins', job: job2(running, { stopRequestedAtMs: 9500 }), world: { seen: both('exited', { exitCode: 0, endedAtMs: 9000 }) }, expect: { action: 'collect', phase: 'Completed', exitCode: 0 } },
  { title: 'exits after the request: Terminated', job: job2({ ...running, stoppingSinceMs: 8001, stopCause: 'user' }, { stopRequestedAtMs: 8000 }), world: { seen: both('exited', { exitCode: 143, endedAtMs: 9000 }) }, expect: { action: 'collect', phase: 'Terminated', exitCode: null, freed: true } },
  { title: 'a stopped job whose start never happened is not started any more', job: job2(started, { stopRequestedAtMs: 2500 }), world: { seen: both('absent') }, expect: { phase: 'Pending' } },
  { title: 'auto_stop ends a job that has run its hours', job: job2(running, {}, { spec: { auto_stop: { time_unit: 'HOURS', duration: 1 } } }), world: { seen: both('running'), nowMs: 3000 + 3_600_000 }, expect: { phase: 'Running', reasons: ['AutoStop'] } },
  { title: 'a start that failed for good is put on record', job: job2(started), world: { seen: both('absent'), startError: 'no such image' }, expect: { phase: 'Pending' } },
  { title: 'and makes the job Abnormal (CreateFailed)', job: job2({ ...started, stoppingSinceMs: 9000, stopCause: 'start-failed', message: 'no such image' }), world: { seen: both('absent') }, expect: { action: 'collect', phase: 'Abnormal', secondary: 'CreateFailed', freed: true } },
  { title: 'a lost task is retried when the job allows it', job: job2(running, {}, { annotations: { 'fault-tolerance/job-retry-num': '2' } }), world: { seen: both('absent') }, expect: { action: 'collect', phase: 'Pending', reasons: ['TaskLost', 'TaskLost', 'JobRestarted'], freed: true } },
  { title: 'a failure of the program itself is not', job: job2(running, {}, { annotations: { 'fault-tolerance/job-retry-num': '2' } }), world: { seen: both('exited', { exitCode: 1, endedAtMs: 9000 }) }, expect: { action: 'collect', phase: 'Failed' } },
  { title: 'unless it asks for unconditional retries', job: job2(running, {}, { annotations: { 'fault-tolerance/job-retry-num': '2', 'fault-tolerance/job-unconditional-retry': 'true' } }), world: { seen: both('exited', { exitCode: 1, endedAtMs: 9000 }) }, expect: { action: 'collect', phase: 'Pending' } },
  { title: 'retries run out', job: job2({ ...running, attempt: 3 }, {}, { annotations: { 'fault-tolerance/job-retry-num': '2' } }), world: { seen: both('absent') }, expect: { action: 'collect', phase: 'Abnormal' } },
  { title: 'an ended job is removed from the backend', job: job2({ ...running, phase: 'Completed' }), expect: { action: 'remove' } },
  { title: 'and then rests', job: job2({ ...running, phase: 'Completed' }, { cleanedAtMs: 9000 }), expect: { rest: true } },
  { title: 'and is erased when that was asked', job: job2({ ...running, phase: 'Completed' }, { cleanedAtMs: 9000, deleteRequestedAtMs: 9500 }), expect: { action: 'erase' } },
]

describe('one turn of the loop', () => {
  for (const { title, job, world: more, expect } of cases) {
    it(title, () => {
      const step = reconcile(job, world(more))
      if (expect.rest) return assert.deepEqual(step, {})
      assert.equal(step.action, expect.action)
      const status = step.change?.status
      if (expect.phase) assert.equal(status?.phase, expect.phase)
      if (expect.secondary) assert.equal(status?.secondaryPhase, expect.secondary)
      if ('exitCode' in expect) assert.equal(status?.exitCode, expect.exitCode)
      if (expect.reasons) assert.deepEqual(step.change?.events.map(({ reason }) => reason), expect.reasons)
      if (expect.freed) assert.deepEqual(step.change?.bookings, [])
    })
  }

  it('never makes a move that the table of phases does not have', () => {
    for (const { job, world: more } of cases) {
      const next = reconcile(job, world(more)).change?.status.phase
      if (!next || next === job.status.phase) continue
      const allowed = NEXT[job.status.phase] as readonly string[]
      // A stored live phase with a stop request is shown as Terminating, so both rows count.
      assert.ok([...allowed, ...(allowed.includes('Terminating') ? NEXT.Terminating : [])].includes(next), `${job.status.phase} -> ${next}`)
    }
  })

  it('a terminal phase never changes again', () => {
    for (const phase of ['Completed', 'Failed', 'Terminated', 'Abnormal'] as const) {
      assert.ok(isTerminal(phase))
      const step = reconcile(job2({ ...running, phase }, { stopRequestedAtMs: 1 }), world({ seen: both('running') }))
      assert.equal(step.change?.status.phase ?? phase, phase)
    }
  })
})
