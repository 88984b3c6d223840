import { seen } from '../../test/job-builders.ts'
import { both, describeCases, job2, placement, running, started } from '../../test/reconcile-cases.ts'
import { unseenTask } from './phase.ts'

describeCases('one turn of the loop', [
  {
    title: 'an accepted job that does not fit waits, and says why',
    job: job2({}),
    world: { admission: { admitted: false, position: 3, reason: 'needs 8' } },
    expect: { phase: 'Pending', secondary: 'Queuing', reasons: ['WaitingForResources'] },
  },
  {
    title:
      'an accepted job that fits is booked and its intent to start is on record, with nothing started yet',
    job: job2({}),
    world: {
      admission: { admitted: true, placements: [placement('worker-0', 0), placement('worker-1', 1)] },
    },
    expect: { phase: 'Pending', reasons: ['ResourcesBooked'] },
  },
  {
    title: 'a waiting job rests',
    job: job2({ phase: 'Pending', secondaryPhase: 'Queuing' }),
    world: { admission: { admitted: false, position: 1, reason: 'x' } },
    expect: { rest: true },
  },
  {
    title: 'a waiting job that is stopped ends at once',
    job: job2({ phase: 'Pending' }, { stopRequestedAtMs: 5000 }),
    expect: { phase: 'Terminated', reasons: ['JobTerminated'], freed: true },
  },
  {
    title: 'a booked job with no task yet is started',
    job: job2(started),
    world: { seen: both('absent') },
    expect: { action: 'start' },
  },
  {
    title: 'a start that died half way is completed',
    job: job2(started),
    world: { seen: [seen('worker-0', 'running'), seen('worker-1', 'absent')] },
    expect: { action: 'start', reasons: ['TaskStarted'] },
  },
  {
    title: 'tasks that are still being made are waited for',
    job: job2({
      ...started,
      tasks: both('starting').map(({ task }) => ({
        ...unseenTask(task),
        state: 'starting' as const,
        address: '127.64.0.1',
        startedAtMs: 2000,
      })),
    }),
    world: { seen: both('starting') },
    expect: { rest: true },
  },
  {
    title: 'all tasks up make the job Running',
    job: job2(started),
    world: { seen: both('running') },
    expect: { phase: 'Running', secondary: 'Running', reasons: ['TaskStarted', 'TaskStarted', 'JobRunning'] },
  },
  {
    title: 'a running job without news rests',
    job: job2({ ...running, tasks: running.tasks!.map((task) => ({ ...task, startedAtMs: 2000 })) }),
    world: { seen: both('running') },
    expect: { rest: true },
  },
  {
    title: 'one task done while another runs is only noted',
    job: job2(running),
    world: {
      seen: [seen('worker-0', 'exited', { exitCode: 0, endedAtMs: 9000 }), seen('worker-1', 'running')],
    },
    expect: { phase: 'Running', reasons: ['TaskExited'] },
  },
  {
    title: 'all tasks done: logs are collected, then Completed and devices free',
    job: job2(running),
    world: { seen: both('exited', { exitCode: 0, endedAtMs: 9000 }) },
    expect: {
      action: 'collect',
      phase: 'Completed',
      exitCode: 0,
      reasons: ['TaskExited', 'TaskExited', 'JobCompleted'],
      freed: true,
    },
  },
  {
    title: 'a job over before anybody saw it run is Completed all the same',
    job: job2(started),
    world: { seen: both('exited', { exitCode: 0, endedAtMs: 2100 }) },
    expect: { action: 'collect', phase: 'Completed', freed: true },
  },
  {
    title: 'one task fails: the decision to stop the others is on record first',
    job: job2(running),
    world: {
      seen: [seen('worker-0', 'running'), seen('worker-1', 'exited', { exitCode: 7, endedAtMs: 9000 })],
    },
    expect: { phase: 'Running', exitCode: 7, reasons: ['TaskFailed', 'StoppingTasks'] },
  },
  {
    title: 'then the others are stopped',
    job: job2({
      ...running,
      stoppingSinceMs: 9500,
      stopCause: 'task-failed',
      exitCode: 7,
      message: 'worker-1: exit code 7',
    }),
    world: {
      seen: [seen('worker-0', 'running'), seen('worker-1', 'exited', { exitCode: 7, endedAtMs: 9000 })],
    },
    expect: { action: 'stop' },
  },
  {
    title: 'then the job is Failed with the code of the first failure, not of those we stopped',
    job: job2({
      ...running,
      stoppingSinceMs: 9500,
      stopCause: 'task-failed',
      exitCode: 7,
      message: 'worker-1: exit code 7',
    }),
    world: {
      seen: [
        seen('worker-0', 'exited', { exitCode: 143, endedAtMs: 9600 }),
        seen('worker-1', 'exited', { exitCode: 7, endedAtMs: 9000 }),
      ],
    },
    expect: { action: 'collect', phase: 'Failed', exitCode: 7, freed: true },
  },
  {
    title: 'two tasks fail together: the earlier one gives the code',
    job: job2(running),
    world: {
      seen: [
        seen('worker-0', 'exited', { exitCode: 3, endedAtMs: 9001 }),
        seen('worker-1', 'exited', { exitCode: 4, endedAtMs: 9000 }),
      ],
    },
    expect: { action: 'collect', phase: 'Failed', exitCode: 4 },
  },
  {
    title: 'a task seen once and then absent is lost, never started again',
    job: job2(running),
    world: { seen: [seen('worker-0', 'absent'), seen('worker-1', 'running')] },
    expect: { phase: 'Running', reasons: ['TaskLost', 'StoppingTasks'] },
  },
  {
    title: 'a lost task makes the job Abnormal',
    job: job2(running),
    world: {
      seen: [seen('worker-0', 'absent'), seen('worker-1', 'exited', { exitCode: 0, endedAtMs: 9000 })],
    },
    expect: { action: 'collect', phase: 'Abnormal', secondary: 'Lost', freed: true },
  },
])
