// What the tests of reconcile share: jobs in the middle of their life, and what is seen of them.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Placement } from '../src/accelerator/device.ts'
import type { Job, JobStatus } from '../src/job/job.ts'
import { NEXT, unseenTask } from '../src/job/phase.ts'
import type { TaskObservation } from '../src/job/ports.ts'
import { reconcile } from '../src/job/reconcile.ts'
import type { Step, World } from '../src/job/step.ts'
import { buildJob, seen } from './job-builders.ts'

const NOW = 10_000
export const placement = (task: string, index: number): Placement => ({
  task,
  taskIndex: index,
  hostId: 'sim-0',
  physicalIds: [index],
  cpuCores: 1,
  memoryBytes: 1,
})
const world = (more: Partial<Parameters<typeof reconcile>[1]> = {}) => ({
  seen: [],
  admission: null,
  startError: null,
  rankFailure: null,
  overBudget: null,
  nowMs: NOW,
  ...more,
})
export const started: Partial<JobStatus> = {
  phase: 'Pending',
  secondaryPhase: 'Queuing',
  attempt: 1,
  startIntentAtMs: 2000,
  placements: [placement('worker-0', 0), placement('worker-1', 1)],
  tasks: [unseenTask('worker-0'), unseenTask('worker-1')],
  records: [
    {
      attempt: 1,
      startAtMs: 2000,
      runningAtMs: null,
      endAtMs: null,
      endReason: '',
      imageDigest: null,
      exitCode: null,
    },
  ],
}
export const running: Partial<JobStatus> = {
  ...started,
  phase: 'Running',
  secondaryPhase: 'Running',
  startTimeMs: 3000,
  tasks: ['worker-0', 'worker-1'].map((task) => ({
    ...unseenTask(task),
    state: 'running' as const,
    address: '127.64.0.1',
  })),
}
export const job2 = (
  status: Partial<JobStatus>,
  more: Partial<Job> = {},
  body: Parameters<typeof buildJob>[0] = {},
) => buildJob({ nodes: 2, ...body, status, job: more })
export const both = (state: TaskObservation['state'], more: Partial<TaskObservation> = {}) => [
  seen('worker-0', state, more),
  seen('worker-1', state, more),
]

export type Case = {
  title: string
  job: Job
  world?: Partial<Parameters<typeof reconcile>[1]>
  expect: {
    action?: Step['action']
    phase?: string
    secondary?: string
    reasons?: string[]
    exitCode?: number | null
    message?: RegExp
    freed?: boolean
    rest?: true
  }
}

/** Registers one test per case, and one that holds every move to the table of phases. */
export function describeCases(title: string, cases: readonly Case[]): void {
  describe(title, () => {
    for (const { title, job, world: more, expect } of cases) it(title, () => check(job, world(more), expect))
    it('never makes a move that the table of phases does not have', () => {
      for (const { job, world: more } of cases) {
        const next = reconcile(job, world(more)).change?.status.phase
        if (!next || next === job.status.phase) continue
        const allowed = NEXT[job.status.phase] as readonly string[]
        // A stored live phase with a stop request is shown as Terminating, so both rows count.
        const both = [...allowed, ...(allowed.includes('Terminating') ? NEXT.Terminating : [])]
        assert.ok(both.includes(next), `${job.status.phase} -> ${next}`)
      }
    })
  })
}

function check(job: Job, seenWorld: World, expect: Case['expect']): void {
  const step = reconcile(job, seenWorld)
  if (expect.rest) {
    assert.deepEqual(step, {})
    return
  }
  assert.equal(step.action, expect.action)
  const status = step.change?.status
  if (expect.phase) assert.equal(status?.phase, expect.phase)
  if (expect.secondary) assert.equal(status?.secondaryPhase, expect.secondary)
  if (expect.message) assert.match(status?.message ?? '', expect.message)
  if ('exitCode' in expect) assert.equal(status?.exitCode, expect.exitCode)
  if (expect.reasons)
    assert.deepEqual(
      step.change?.events.map(({ reason }) => reason),
      expect.reasons,
    )
  if (expect.freed) assert.deepEqual(step.change?.bookings, [])
}
