// The job as the domain knows it: what was asked (request), what was wished since (intents), what we saw (status).
// Intent and fact never share a field; status has one writer, the controller.
import type { Placement } from '../accelerator/device.ts'
import type { TrainingJobRequest } from '../api/training-job.ts'

export const PHASES = [
  'Creating',
  'Pending',
  'Running',
  'Completed',
  'Failed',
  'Terminating',
  'Terminated',
  'Abnormal',
] as const
export type Phase = (typeof PHASES)[number]

export const SECONDARY_PHASES = [
  'Creating',
  'Queuing',
  'Running',
  'Failed',
  'Completed',
  'Terminating',
  'Terminated',
  'CreateFailed',
  'TerminatedFailed',
  'Unknown',
  'Lost',
] as const
export type SecondaryPhase = (typeof SECONDARY_PHASES)[number]

/** 1: the job runs the way the v1 documents say (run_train.sh, uid 1101); 2: ModelArts' present form. */
export type Generation = 1 | 2

/** What one task was last seen to be; kept so that an exit is never forgotten when the container is gone. */
export type TaskStatus = {
  readonly task: string
  readonly state: 'unknown' | 'starting' | 'running' | 'exited' | 'lost'
  readonly address: string | null
  readonly exitCode: number | null
  readonly startedAtMs: number | null
  readonly endedAtMs: number | null
  readonly message: string
  /** `sha256:…` of the image it runs. */
  readonly imageDigest: string | null
  /** It ended, and the kernel killed in it for want of memory. */
  readonly outOfMemory?: boolean
}

export type JobStatus = {
  readonly phase: Phase
  readonly secondaryPhase: SecondaryPhase
  /** From 1; 0 before the first placement. */
  readonly attempt: number
  readonly placements: readonly Placement[]
  readonly tasks: readonly TaskStatus[]
  /** When the intent to start this attempt was committed; nothing is started before (decisions.md 1.5). */
  readonly startIntentAtMs: number | null
  readonly startTimeMs: number | null
  readonly endTimeMs: number | null
  /** When the controller first asked the backend to stop tasks, and why. */
  readonly stoppingSinceMs: number | null
  readonly stopCause: StopCause | null
  /** One per attempt that was started, oldest first; the last is the present one. */
  readonly records: readonly AttemptRecord[]
  /** One sentence on how it ended. */
  readonly message: string
  /** Exit code of the first failing rank or task by arrival; 0 when Completed. */
  readonly exitCode: number | null
  readonly nodeCountMetrics: readonly (readonly [number, number])[]
  /** Table of this attempt is complete: all addresses were observed. */
  readonly addressesComplete: boolean
}

/** Times of one attempt; `endReason` is a sentence. */
export type AttemptRecord = {
  readonly attempt: number
  readonly startAtMs: number
  readonly runningAtMs: number | null
  readonly endAtMs: number | null
  readonly endReason: string
  /** The one image of all its tasks; null where there are no images, or none was seen yet. */
  readonly imageDigest: string | null
  readonly exitCode: number | null
}

export type StopCause =
  | 'user'
  | 'auto-stop'
  | 'delete'
  | 'task-failed'
  | 'task-lost'
  | 'start-failed'
  | 'over-budget'

export type Job = {
  /** Integer sequence, v1's job_id. */
  readonly seq: number
  readonly id: string
  readonly projectId: string
  readonly userName: string
  readonly generation: Generation
  /** As asked, with defaults filled in; secret environment values replaced by SECRET_MASK. */
  readonly request: TrainingJobRequest
  readonly createTimeMs: number
  /** Changed by PUT only. */
  readonly description: string
  readonly stopRequestedAtMs: number | null
  readonly deleteRequestedAtMs: number | null
  /** The backend holds nothing of the job any more. */
  readonly cleanedAtMs: number | null
  readonly status: JobStatus
  /** Grows with every write; the guard of the controller's update. */
  readonly version: number
}

export const SECRET_MASK = '******'

export type AttemptRef = {
  readonly jobId: string
  readonly attempt: number
  readonly tasks: readonly string[]
}

export type NewEvent = {
  readonly level: 'Info' | 'Warning' | 'Error'
  readonly source: 'Job' | 'Task' | 'K8S'
  /** CamelCase and stable. */
  readonly reason: string
  readonly message: string
}
