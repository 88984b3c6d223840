import assert from 'node:assert/strict'
import { it } from 'node:test'
import { seen } from '../../test/job-builders.ts'
import { both, describeCases, job2, running, started } from '../../test/reconcile-cases.ts'
import { isTerminal } from './phase.ts'
import { reconcile } from './reconcile.ts'

const RANK_FAILURE = { task: 'worker-1', message: 'rank 5 ended with exit code 7', exitCode: 7 }

const OUT_OF_MEMORY = {
  exitCode: 137,
  oomKilled: 'yes',
  memory: { limitBytes: 2 ** 30, peakBytes: null },
} as const
/** The others are being stopped because a rank failed. */
const reported = {
  ...running,
  stoppingSinceMs: 9000,
  stopCause: 'task-failed',
  message: 'worker-1: rank 5 ended with exit code 7',
  exitCode: 7,
} as const

describeCases('stopping, failing to start, trying again, and what comes after the end', [
  {
    title: 'a stop request is put on record as a cause first',
    job: job2(running, { stopRequestedAtMs: 8000 }),
    world: { seen: both('running') },
    expect: { phase: 'Running' },
  },
  {
    title: 'every exit recorded before the stop request: Completed wins',
    job: job2(running, { stopRequestedAtMs: 9500 }),
    world: { seen: both('exited', { exitCode: 0, endedAtMs: 9000 }) },
    expect: { action: 'collect', phase: 'Completed', exitCode: 0 },
  },
  {
    title: 'exits after the request: Terminated',
    job: job2({ ...running, stoppingSinceMs: 8001, stopCause: 'user' }, { stopRequestedAtMs: 8000 }),
    world: { seen: both('exited', { exitCode: 143, endedAtMs: 9000 }) },
    expect: { action: 'collect', phase: 'Terminated', exitCode: null, freed: true },
  },
  {
    title: 'a stopped job whose start never happened is not started any more',
    job: job2(started, { stopRequestedAtMs: 2500 }),
    world: { seen: both('absent') },
    expect: { phase: 'Pending' },
  },
  {
    title: 'auto_stop ends a job that has run its hours',
    job: job2(running, {}, { spec: { auto_stop: { time_unit: 'HOURS', duration: 1 } } }),
    world: { seen: both('running'), nowMs: 3000 + 3_600_000 },
    expect: { phase: 'Running', reasons: ['AutoStop'] },
  },
  {
    title: 'a task that keeps more than its budget stops the job, which says so first',
    job: job2(running),
    world: { seen: both('running'), overBudget: 'worker-1 keeps 3.0 GiB' },
    expect: { phase: 'Running', reasons: ['CacheOverBudget'] },
  },
  {
    title:
      'and it is Failed with that sentence, however it ended on the stop and however often it may be tried',
    job: job2(
      { ...running, stoppingSinceMs: 9000, stopCause: 'over-budget', message: 'worker-1 keeps 3.0 GiB' },
      {},
      {
        annotations: {
          'fault-tolerance/job-retry-num': '2',
          'fault-tolerance/job-unconditional-retry': 'true',
        },
      },
    ),
    world: { seen: both('exited', { exitCode: 0, endedAtMs: 9500 }) },
    expect: { action: 'collect', phase: 'Failed', exitCode: null, freed: true },
  },
  {
    title: 'a start that failed for good is put on record',
    job: job2(started),
    world: { seen: both('absent'), startError: 'no such image' },
    expect: { phase: 'Pending' },
  },
  {
    title: 'and makes the job Abnormal (CreateFailed)',
    job: job2({ ...started, stoppingSinceMs: 9000, stopCause: 'start-failed', message: 'no such image' }),
    world: { seen: both('absent') },
    expect: { action: 'collect', phase: 'Abnormal', secondary: 'CreateFailed', freed: true },
  },
  {
    title: 'a lost task is retried when the job allows it',
    job: job2(running, {}, { annotations: { 'fault-tolerance/job-retry-num': '2' } }),
    world: { seen: both('absent') },
    expect: {
      action: 'collect',
      phase: 'Pending',
      reasons: ['TaskLost', 'TaskLost', 'JobRestarted'],
      freed: true,
    },
  },
  {
    title: 'a failure of the program itself is not',
    job: job2(running, {}, { annotations: { 'fault-tolerance/job-retry-num': '2' } }),
    world: { seen: both('exited', { exitCode: 1, endedAtMs: 9000 }) },
    expect: { action: 'collect', phase: 'Failed' },
  },
  {
    title: 'unless it asks for unconditional retries',
    job: job2(
      running,
      {},
      {
        annotations: {
          'fault-tolerance/job-retry-num': '2',
          'fault-tolerance/job-unconditional-retry': 'true',
        },
      },
    ),
    world: { seen: both('exited', { exitCode: 1, endedAtMs: 9000 }) },
    expect: { action: 'collect', phase: 'Pending' },
  },
  {
    title: 'retries run out',
    job: job2({ ...running, attempt: 3 }, {}, { annotations: { 'fault-tolerance/job-retry-num': '2' } }),
    world: { seen: both('absent') },
    expect: { action: 'collect', phase: 'Abnormal' },
  },
  {
    title: 'an ended job is removed from the backend',
    job: job2({ ...running, phase: 'Completed' }),
    expect: { action: 'remove' },
  },
  {
    title: 'and then rests',
    job: job2({ ...running, phase: 'Completed' }, { cleanedAtMs: 9000 }),
    expect: { rest: true },
  },
  {
    title: 'a rank that failed ends the other tasks before its own task has ended, with its code',
    job: job2(running),
    world: { seen: both('running'), rankFailure: RANK_FAILURE },
    expect: { phase: 'Running', reasons: ['StoppingTasks'], exitCode: 7 },
  },
  {
    title: 'a job of one task is left to it: its program may yet make something of a failed rank',
    job: job2({
      ...running,
      tasks: running.tasks!.slice(0, 1).map((task) => ({ ...task, startedAtMs: 2000 })),
      placements: running.placements!.slice(0, 1),
    }),
    world: { seen: [seen('worker-0', 'running')], rankFailure: RANK_FAILURE },
    expect: { rest: true },
  },
  {
    title: 'memory that ran out wins over what its rank reported before anybody knew',
    job: job2(reported),
    world: {
      seen: [seen('worker-0', 'exited', { exitCode: 143 }), seen('worker-1', 'exited', OUT_OF_MEMORY)],
    },
    expect: {
      action: 'collect',
      phase: 'Failed',
      exitCode: 137,
      message: /^worker-1: .*out of memory: its peak/,
    },
  },
  {
    title: 'so does a task whose engine was restarted, and the job is lost and tried again',
    job: job2(reported, {}, { annotations: { 'fault-tolerance/job-retry-num': '2' } }),
    world: { seen: both('lost', { message: 'the container engine was restarted' }) },
    expect: { action: 'collect', phase: 'Pending', reasons: ['TaskLost', 'TaskLost', 'JobRestarted'] },
  },
  {
    title: 'another task that is lost while the others are stopped changes nothing',
    job: job2(reported),
    world: { seen: [seen('worker-0', 'lost'), seen('worker-1', 'exited', { exitCode: 7 })] },
    expect: { action: 'collect', phase: 'Failed', exitCode: 7, message: /^worker-1: rank 5 ended/ },
  },
  {
    title: 'a lost job that may not be restarted says how it could be',
    job: job2(running),
    world: { seen: both('lost', { message: 'the machine was restarted' }) },
    expect: {
      action: 'collect',
      phase: 'Abnormal',
      message: /restarted; with the annotation fault-tolerance\/job-retry-num/,
    },
  },
  {
    title: 'and is erased when that was asked',
    job: job2({ ...running, phase: 'Completed' }, { cleanedAtMs: 9000, deleteRequestedAtMs: 9500 }),
    expect: { action: 'erase' },
  },
])

it('a terminal phase never changes again', () => {
  for (const phase of ['Completed', 'Failed', 'Terminated', 'Abnormal'] as const) {
    assert.ok(isTerminal(phase))
    const job = job2({ ...running, phase }, { stopRequestedAtMs: 1 })
    const world = {
      seen: both('running'),
      admission: null,
      startError: null,
      rankFailure: null,
      overBudget: null,
      nowMs: 1,
    }
    const step = reconcile(job, world)
    assert.equal(step.change?.status.phase ?? phase, phase)
  }
})
