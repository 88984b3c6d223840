// Brings logs of jobs to their log_export_path: every few seconds what is new, and all of it when an attempt is over.
// A record per job stands on disk from before its first task until everything is there, so a server that starts again
// goes on; bytes that are brought twice land in the same place.
import { sleep, within } from '../lib/abort.ts'
import type { ChangeSignal } from '../lib/signal.ts'
import { type LogExportTarget, logExportTargetOf, targetText } from './check-log-export.ts'
import { EVENTS } from './events.ts'
import type { Generation, Job, NewEvent } from './job.ts'
import { exportedName, type StreamName } from './log-export-names.ts'
import { type LogSink, PART_BYTES } from './log-export-objects.ts'
import { forEachOf, openBytes, retryPauseMs, rewritePauseMs } from './log-export-pace.ts'
import { isTerminal } from './phase.ts'
import type { JobStore } from './store.ts'

export type ExportRecord = {
  readonly jobId: string
  /** Whose buckets it may write to. */
  readonly projectId: string
  readonly generation: Generation
  readonly target: LogExportTarget
  /** Devices of each task. */
  readonly devices: number
  /** Bytes of each stream that the target has; may be behind the truth. */
  readonly done: Readonly<Record<string, number>>
  /** The target refused, and the job's events say so. */
  readonly failing: boolean
}

/** Keeps records over restarts. */
export interface ExportRecords {
  load(): Promise<ExportRecord[]>
  save(record: ExportRecord): Promise<void>
  remove(jobId: string): Promise<void>
}

export type LogExportParts = {
  readonly logs: {
    streams(jobId: string): Promise<(StreamName & { readonly jobId: string; readonly length: number })[]>
    read(key: StreamName & { readonly jobId: string }, offset: number, limit: number): Promise<Uint8Array>
  }
  readonly sinkOf: (target: LogExportTarget, projectId: string) => LogSink
  readonly records: ExportRecords
  readonly store: Pick<JobStore, 'getById' | 'addEvents'>
  readonly changed: ChangeSignal
  readonly nowMs: () => number
  readonly onError: (jobId: string, error: unknown) => void
}

const ROUND_MS = 5_000
/** The end of an attempt waits so long for its logs to be brought; the rest follows later. */
const FINISH_MS = 10_000
const LONGEST_ROUND_MS = 30_000
const JOBS_AT_ONCE = 4

type Tracked = {
  record: ExportRecord
  /** What is being done for this job; the next step waits for it. */
  turn: Promise<void>
  /** Steps begun or waiting. */
  busy: number
  /** Nothing more is printed, as far as is known. */
  ended: boolean
  failures: number
  notBeforeMs: number
  readonly writtenAtMs: Map<string, number>
}

const streamId = ({ attempt, task, stream }: StreamName): string => `${attempt}/${task}/${stream}`

/** Exports until it is disposed. Its methods never reject: a job goes on without its log path. */
export class LogExporter implements AsyncDisposable {
  readonly #parts: LogExportParts
  readonly #tracked = new Map<string, Tracked>()
  readonly #stop = new AbortController()
  #loop: Promise<void> = Promise.resolve()

  constructor(parts: LogExportParts) {
    this.#parts = parts
  }

  /** Takes up what an earlier server left, and begins to look every 5 seconds. */
  async start(): Promise<void> {
    for (const record of await this.#parts.records.load()) this.#track(record).ended = true
    this.#loop = this.#run()
  }

  /** The job has a live attempt: its logs are brought from now on. Cheap to call again. */
  async follow(job: Job): Promise<void> {
    const known = this.#tracked.get(job.id)
    if (known) {
      known.ended = false
      return
    }
    const target = logExportTargetOf(job.request)
    if (target === null) return
    const devices = job.status.placements[0]?.physicalIds.length ?? 0
    const { id: jobId, projectId, generation } = job
    const record = { jobId, projectId, generation, target, devices, done: {}, failing: false }
    this.#track(record)
    await this.#save(record)
  }

  /** The attempt is over and its spools were collected: brings the rest, waiting at most 10 seconds for it. */
  async finish(job: Job): Promise<void> {
    await this.follow(job)
    const tracked = this.#tracked.get(job.id)
    if (!tracked) return
    tracked.ended = true
    await within(FINISH_MS, this.#takeTurn(tracked, true), this.#stop.signal)
  }

  /** The job or its logs are going away. */
  async forget(jobId: string): Promise<void> {
    this.#tracked.delete(jobId)
    await this.#parts.records.remove(jobId).catch((error: unknown) => this.#parts.onError(jobId, error))
  }

  /** Ends waiting; what a hanging file system holds on to is left to it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the server is stopping'))
    const turns = [this.#loop, ...[...this.#tracked.values()].map(({ turn }) => turn)]
    await within(ROUND_MS, Promise.all(turns))
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const due = [...this.#tracked.values()].filter(
        ({ busy, notBeforeMs }) => busy === 0 && notBeforeMs <= this.#parts.nowMs(),
      )
      const round = forEachOf(due, JOBS_AT_ONCE, (tracked) => this.#takeTurn(tracked, false))
      // A target that hangs holds up its own job and, for a while, those of this round; the next one goes round it.
      await within(LONGEST_ROUND_MS, round, this.#stop.signal)
      await sleep(ROUND_MS, this.#stop.signal).catch(() => undefined)
    }
  }

  #track(record: ExportRecord): Tracked {
    const fresh = { record, turn: Promise.resolve(), busy: 0, ended: false, failures: 0, notBeforeMs: 0 }
    const tracked: Tracked = { ...fresh, writtenAtMs: new Map() }
    this.#tracked.set(record.jobId, tracked)
    return tracked
  }

  /** One step at a time for each job, so that no older bytes land on newer ones. Never rejects. */
  #takeTurn(tracked: Tracked, all: boolean): Promise<void> {
    const { jobId } = tracked.record
    tracked.busy += 1
    tracked.turn = tracked.turn
      .then(() => this.#export(tracked, all))
      .catch((error: unknown) => {
        if (!this.#stop.signal.aborted) this.#parts.onError(jobId, error)
      })
      .finally(() => {
        tracked.busy -= 1
      })
    return tracked.turn
  }

  async #export(tracked: Tracked, all: boolean): Promise<void> {
    const { jobId } = tracked.record
    if (this.#stop.signal.aborted || this.#tracked.get(jobId) !== tracked) return
    // The job first, its bytes after: a job that has ended prints no more.
    const job = tracked.ended ? await this.#parts.store.getById(jobId) : undefined
    if (job === null) return this.forget(jobId)
    const over = job !== undefined && isTerminal(job.status.phase)
    try {
      await this.#bring(tracked, all || over)
    } catch (error) {
      if (this.#stop.signal.aborted) return
      tracked.failures += 1
      tracked.notBeforeMs = this.#parts.nowMs() + retryPauseMs(tracked.failures)
      return this.#tellFailing(tracked, error instanceof Error ? error.message : String(error))
    }
    tracked.failures = 0
    if (tracked.record.failing) await this.#tellFailing(tracked, null)
    if (over && tracked.ended) await this.forget(jobId)
  }

  /** Brings what is new of every stream. Rejects at the first that the target refuses. */
  async #bring(tracked: Tracked, all: boolean): Promise<void> {
    const { logs, sinkOf, nowMs } = this.#parts
    const { record } = tracked
    const sink = sinkOf(record.target, record.projectId)
    for (const { length, ...key } of await logs.streams(record.jobId)) {
      const id = streamId(key)
      const before = tracked.record.done[id] ?? 0
      if (before === length) continue
      const pauseMs = record.target.kind === 'objects' ? rewritePauseMs(openBytes(length)) : 0
      const sinceMs = nowMs() - (tracked.writtenAtMs.get(id) ?? 0)
      if (!all && sinceMs < pauseMs) continue
      const nameOf = (part: number) => exportedName(record, key, part)
      const read = (offset: number, limit: number) => logs.read(key, offset, limit)
      // Never ahead of the log: a power cut may have taken bytes of it that were brought already.
      const done = Math.min(before, length)
      for await (const reached of sink.write({ nameOf, endBytes: length, read }, done, this.#stop.signal))
        this.#note(tracked, id, reached)
      this.#note(tracked, id, length)
      tracked.writtenAtMs.set(id, nowMs())
      // A record that is behind costs one part; more often it need not be written.
      if (Math.floor(before / PART_BYTES) !== Math.floor(length / PART_BYTES))
        await this.#save(tracked.record)
    }
  }

  #note(tracked: Tracked, id: string, reached: number): void {
    tracked.record = { ...tracked.record, done: { ...tracked.record.done, [id]: reached } }
  }

  /** One event when it begins to fail and one when it works again, over restarts too. */
  async #tellFailing(tracked: Tracked, why: string | null): Promise<void> {
    const failing = why !== null
    if (tracked.record.failing === failing) return
    const where = targetText(tracked.record.target)
    await this.#say(
      tracked.record.jobId,
      why === null ? EVENTS.logExportResumed(where) : EVENTS.logExportFailed(where, why),
    )
    tracked.record = { ...tracked.record, failing }
    await this.#save(tracked.record)
  }

  async #say(jobId: string, event: NewEvent): Promise<void> {
    await this.#parts.store.addEvents(jobId, [event], this.#parts.nowMs())
    this.#parts.changed.notify(jobId)
  }

  async #save(record: ExportRecord): Promise<void> {
    await this.#parts.records.save(record).catch((error: unknown) => this.#parts.onError(record.jobId, error))
  }
}
