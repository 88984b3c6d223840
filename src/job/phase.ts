// State as tables: which phase may follow which, and what may be done in each (modelarts.md §1.5).
// docs/state-machine.md is generated from here.
import type { Job, JobStatus, Phase, SecondaryPhase } from './job.ts'

/** `Terminating` is never stored: it is what a live job with a stop request looks like (decisions.md 3.4). */
export const NEXT = {
  Creating: ['Pending', 'Terminating', 'Abnormal'],
  Pending: ['Running', 'Terminating', 'Abnormal', 'Failed', 'Completed'],
  Running: ['Completed', 'Failed', 'Abnormal', 'Terminating', 'Pending'],
  Terminating: ['Terminated', 'Completed', 'Failed', 'Abnormal'],
  Completed: [],
  Failed: [],
  Terminated: [],
  Abnormal: [],
} as const satisfies Record<Phase, readonly Phase[]>

/** What may be asked of a job in each phase. */
export const CAN = {
  terminate: ['Creating', 'Pending', 'Running'],
  delete: ['Creating', 'Pending', 'Running', 'Terminating', 'Completed', 'Failed', 'Terminated', 'Abnormal'],
  describe: [
    'Creating',
    'Pending',
    'Running',
    'Terminating',
    'Completed',
    'Failed',
    'Terminated',
    'Abnormal',
  ],
} as const satisfies Record<string, readonly Phase[]>

/** A phase that never changes again. */
export const isTerminal = (phase: Phase): boolean => NEXT[phase].length === 0

/** May `what` be asked of a job that shows `phase`? */
export const can = (what: keyof typeof CAN, phase: Phase): boolean =>
  (CAN[what] as readonly Phase[]).includes(phase)

/** Does somebody want this job to end? */
export const stopWanted = (job: Pick<Job, 'stopRequestedAtMs' | 'deleteRequestedAtMs'>): boolean =>
  job.stopRequestedAtMs !== null || job.deleteRequestedAtMs !== null

/** The phase people see: a live job with a stop request is `Terminating`. */
export function shownPhase(job: Pick<Job, 'stopRequestedAtMs' | 'deleteRequestedAtMs' | 'status'>): {
  phase: Phase
  secondaryPhase: SecondaryPhase
} {
  const { phase, secondaryPhase, stopCause } = job.status
  const stopping = stopWanted(job) || stopCause === 'auto-stop'
  if (!isTerminal(phase) && stopping) return { phase: 'Terminating', secondaryPhase: 'Terminating' }
  return { phase, secondaryPhase }
}

/** The status of a job that was just accepted. */
export function initialStatus(tasks: readonly string[]): JobStatus {
  return {
    phase: 'Creating',
    secondaryPhase: 'Creating',
    attempt: 0,
    placements: [],
    tasks: tasks.map(unseenTask),
    startIntentAtMs: null,
    startTimeMs: null,
    endTimeMs: null,
    stoppingSinceMs: null,
    stopCause: null,
    records: [],
    message: '',
    exitCode: null,
    nodeCountMetrics: [],
    addressesComplete: false,
  }
}

/** A task nobody has seen yet. */
export const unseenTask = (task: string): JobStatus['tasks'][number] => ({
  task,
  state: 'unknown',
  address: null,
  exitCode: null,
  startedAtMs: null,
  endedAtMs: null,
  message: '',
  imageDigest: null,
})
