// The seams of the domain. The comments are promises; test/conformance holds every implementation to them.
import type { Placement } from '../accelerator/device.ts'
import type { ImageFacts } from '../image-check/facts.ts'
import type { ContainerOptions } from './container-options.ts'
import type { MemoryUse, OomKilled } from './explain-end.ts'
import type { AttemptRef, Generation, Job, NewEvent } from './job.ts'

/** One task, ready to be turned into a backend's own request. */
export type TaskPlanInput = {
  /** `worker-0` */
  readonly task: string
  /** `<job>-<attempt>-<task>` with the job's short id: names every object we create (decisions.md 1.3). */
  readonly name: string
  readonly podName: string
  readonly placement: Placement
  /** Address of the placement's host, `server_id` on the host backend. */
  readonly hostAddress: string
}

export type PlanInput = {
  readonly jobId: string
  /** Whose registry logins a pull may use. */
  readonly projectId: string
  readonly attempt: number
  readonly generation: Generation
  readonly image: string
  readonly runUser: { readonly uid: number; readonly gid: number }
  /** Folders that must exist and be writable inside the task. */
  readonly writableDirs: readonly string[]
  /**
   * Host name → address of the host of every task of the job, one /etc/hosts per task. A backend whose tasks have
   * addresses of their own puts that of `task` in its place.
   */
  readonly hostNames: readonly { readonly name: string; readonly address: string; readonly task?: string }[]
  /** Does our run_train.sh cover the image's? */
  readonly mountRunTrain: boolean
  readonly annotations: Readonly<Record<string, string>>
  readonly container: ContainerOptions
  readonly tasks: readonly TaskPlanInput[]
}

/** What a backend will do, as data; `--dry-run` prints it. Holds no secret. */
export type TaskPlan = { readonly task: string; readonly name: string; readonly request: unknown }
export type JobPlan = {
  readonly jobId: string
  readonly attempt: number
  readonly backend: string
  readonly tasks: readonly TaskPlan[]
}

export type TaskObservation = {
  readonly task: string
  /**
   * absent: the engine answered and knows nothing of it · starting: made, its first process not up yet ·
   * running · exited: ended and verified gone, `exitCode` set · lost: ended, but nobody can say how.
   */
  readonly state: 'absent' | 'starting' | 'running' | 'exited' | 'lost'
  readonly address: string | null
  /** 0..255; 128+n when a signal ended it. Only with `exited`. */
  readonly exitCode: number | null
  readonly oomKilled: OomKilled
  /** Of a task that ended; null where nobody counted. */
  readonly memory: MemoryUse | null
  /** `sha256:…` of the image it runs; null where there are no images. */
  readonly imageDigest: string | null
  readonly startedAtMs: number | null
  readonly endedAtMs: number | null
  readonly message: string
}

/** Adds an event to the job the work is for; never rejects. */
export type Tell = (event: NewEvent) => void

/** A command to run beside a task's own. */
export type ExecRequest = {
  readonly command: readonly string[]
  /** Gives it a terminal of this size; stderr is then part of stdout. null: pipes. */
  readonly terminal: TerminalSize | null
  /** The launcher in the task asks the server for it and ends the command when nobody has it any more. */
  readonly session: string
}
export type TerminalSize = { readonly columns: number; readonly rows: number }

/** A running command. Disposing kills it, and what it started. */
export type ExecSession = AsyncDisposable & {
  readonly output: AsyncIterable<{ readonly stream: 'stdout' | 'stderr'; readonly bytes: Uint8Array }>
  /** Resolves when the bytes were taken over: back-pressure. */
  write(bytes: Uint8Array): Promise<void>
  /** Ends its standard input. */
  end(): void
  resize(size: TerminalSize): Promise<void>
  /**
   * 0..255, 128+n for signals. Settles after `output` has ended. Rejects with AppError JobStatusChanged when it ended
   * because its task did.
   */
  readonly exitCode: Promise<number>
}

export interface Backend {
  /** `docker`, `host`, `fake`; for people and rows, never for decisions. */
  readonly name: string
  /** Pure: the exact requests `start` would send. Throws AppError for what this backend cannot run (image, user). */
  plan(input: PlanInput): JobPlan
  /**
   * Makes the tasks exist and returns when each is started or has failed to. Safe to call again: a task that exists
   * in any state, exited too, is left alone (decisions.md 1.5). Throws when nothing sensible can be done;
   * tasks already started stay, and `observe` tells which. `tell` hears what a waiting user should know (a pull).
   */
  start(plan: JobPlan, signal: AbortSignal, tell?: Tell): Promise<void>
  /** One entry per task named in `ref`, `absent` included. Throws when the engine is unreachable. */
  observe(ref: AttemptRef, signal: AbortSignal): Promise<TaskObservation[]>
  /** Asks tasks to end (SIGTERM), waits at most `graceMs`, then kills; resolves when all are verified gone. Safe to call again. */
  stop(ref: AttemptRef, graceMs: number, signal: AbortSignal): Promise<void>
  /** Forgets everything of the attempt: processes, mounts, files. Safe to call again, also for what never existed. */
  remove(ref: AttemptRef, signal: AbortSignal): Promise<void>
  /**
   * Runs a command in a running task, as the task's user, in its namespaces and with the environment of the task's
   * first process. Throws AppError JobStatusChanged when the task does not run, NotSupported where nothing runs.
   */
  exec(ref: AttemptRef, task: string, request: ExecRequest, signal: AbortSignal): Promise<ExecSession>
  /** Host folder that is /run/ropeway in the task, where the server listens on task.sock; null when there is none. */
  runDir(ref: AttemptRef, task: string): string | null
  /** Calls `onChange(jobId)` soon after a task of the job changed by itself; a missed call costs time only. Returns a stop function. */
  watch(onChange: (jobId: string) => void): () => void
}

/** How far a look into an image is. Bytes are of the step; `totalBytes` is an estimate, 0 where there is none. */
export type ImageProgress = {
  readonly step: 'pull' | 'wait' | 'read'
  readonly message: string
  readonly bytes: number
  readonly totalBytes: number
}

/** Looks into images. Nothing of an image is ever run, and nothing is left behind. */
export interface ImageInspector {
  /**
   * What an image is and has; it is pulled by the site's policy, with the project's login. Throws AppError as a pull
   * does (ImageNotFound, RegistryRefused …), BackendUnavailable when the engine fails, and the signal's reason.
   */
  inspect(
    projectId: string,
    image: string,
    signal: AbortSignal,
    tell?: (progress: ImageProgress) => void,
  ): Promise<ImageFacts>
}

export type ListedObject = { readonly key: string; readonly bytes: number }

/** Object storage as the domain needs it at create time and for dry runs. */
export interface ObjectCatalog {
  bucketExists(bucket: string): Promise<boolean>
  /** Up to `limit` objects under a prefix, keys relative to it, in key order; the folder's own marker is none. */
  list(bucket: string, prefix: string, limit: number): Promise<readonly ListedObject[]>
  /** Up to `limit` names directly under a prefix: objects, and folders with their "/". */
  listNames(bucket: string, prefix: string, limit: number): Promise<readonly string[]>
  objectExists(bucket: string, key: string): Promise<boolean>
}

/** The server's side of the tasks' sockets and logs. */
export interface TaskGate {
  /** Listens on task.sock of every task of the job's present attempt whose folder exists. Safe to call again. */
  open(job: Job): Promise<void>
  /** Takes over what ended tasks left in their spools, so that no log byte is lost. Safe to call again. */
  collect(job: Job): Promise<void>
  /** Stops listening for the job. Safe to call again. */
  close(jobId: string): Promise<void>
  /** Forgets the logs of the job. */
  erase(jobId: string): Promise<void>
}
