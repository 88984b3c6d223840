// From what the engine says of a container to what the domain may believe. Pure but for the last function's asking.
import type { ContainerInspectInfo } from 'dockerode'
import { type EndEvidence, explainEnd, type MemoryUse, type OomKilled } from '../../job/explain-end.ts'
import type { TaskObservation } from '../../job/ports.ts'
import { absentTask } from '../absent-task.ts'
import type { StartMark } from './attempt-record.ts'
import { mayBeCut, wasCut } from './engine-restart.ts'
import { LABEL } from './labels.ts'

/** What else an observation is made from. */
export type Seen = {
  readonly mark: StartMark | null
  /** Of this machine now. */
  readonly bootId: string
  readonly bootAtMs: number
  /** What the container printed itself; empty when nothing, or nobody looked. */
  readonly output: string
  readonly oomKilled: OomKilled
  readonly memory: MemoryUse | null
  /** When an engine came up that ends its tasks by doing so; null for any other. */
  readonly engineStartedAtMs: number | null
}

const REBOOTED = 'the machine was restarted while the task ran'
const ENGINE_RESTARTED =
  'the container engine was restarted while the task ran; with "live-restore": true in its daemon.json tasks live on'

/** Engines write the year 1 for "never". */
function timeOf(text: string | undefined): number | null {
  const ms = Date.parse(text ?? '')
  return Number.isFinite(ms) && ms > 0 ? ms : null
}

const RUNNING = ['running', 'paused', 'restarting']

/** Has its first process ended, as far as the engine knows? */
export const hasStopped = ({ State: { Status, Running } }: ContainerInspectInfo): boolean =>
  !Running && !RUNNING.includes(Status) && Status !== 'created'

/** One container, or null when the engine answered that there is none. */
export function mapContainer(task: string, info: ContainerInspectInfo | null, seen: Seen): TaskObservation {
  const { mark } = seen
  if (info === null) return mark?.kind === 'never' ? neverRan(absentTask(task), mark) : absentTask(task)
  const { State } = info
  const labels = info.Config.Labels ?? {}
  const base: TaskObservation = {
    ...absentTask(task),
    address: labels[LABEL.address] || null,
    imageDigest: labels[LABEL.digest] || null,
    startedAtMs: timeOf(State.StartedAt),
  }
  if (State.Status === 'created') {
    if (mark?.kind === 'never') return neverRan(base, mark)
    if (!State.Error) return { ...base, state: 'starting', startedAtMs: null }
    const message = `The container could not be started: ${State.Error}`
    return { ...base, state: 'exited', exitCode: State.ExitCode || 128, startedAtMs: null, message }
  }
  if (!hasStopped(info)) return { ...base, state: 'running' }
  return mapEnd(info, base, labels, seen)
}

function neverRan(base: TaskObservation, mark: StartMark & { kind: 'never' }): TaskObservation {
  return {
    ...base,
    state: 'exited',
    exitCode: mark.exitCode,
    startedAtMs: null,
    endedAtMs: mark.atMs,
    message: mark.message,
  }
}

function mapEnd(
  { State }: ContainerInspectInfo,
  base: TaskObservation,
  labels: Readonly<Record<string, string>>,
  { bootId, bootAtMs, output, oomKilled, memory, engineStartedAtMs }: Seen,
): TaskObservation {
  const finishedAtMs = timeOf(State.FinishedAt)
  const startedAtMs = base.startedAtMs ?? 0
  const lost = (message: string): TaskObservation => ({ ...base, state: 'lost', message })
  // What ran when the machine went down has no exit code: engines invent one when they come up again.
  const invented = finishedAtMs === null || finishedAtMs < startedAtMs || finishedAtMs >= bootAtMs
  if (labels[LABEL.boot] !== bootId && startedAtMs < bootAtMs && invented) return lost(REBOOTED)
  // Podman notes a start only after the program runs, which may then be over.
  const endedAtMs = finishedAtMs === null ? null : Math.max(finishedAtMs, startedAtMs)
  const exitCode = State.ExitCode & 255
  if (
    engineStartedAtMs !== null &&
    oomKilled !== 'yes' &&
    mayBeCut(exitCode) &&
    wasCut({ startedAtMs, endedAtMs }, engineStartedAtMs)
  )
    return lost(ENGINE_RESTARTED)
  const message = endMessage(exitCode, { oomKilled, memory }, output, State.Error)
  return { ...base, state: 'exited', exitCode, oomKilled, memory, endedAtMs, message }
}

/** Empty where the exit code says it all. */
function endMessage(exitCode: number, evidence: EndEvidence, output: string, error: string): string {
  if (exitCode === 0) return ''
  const words = [
    ...(error ? [`the engine says: ${error}`] : []),
    ...(output ? [`the container itself printed: ${output}`] : []),
  ]
  return words.length === 0 ? '' : [explainEnd(exitCode, evidence), ...words].join('; ')
}

/** Text of a log stream of the engine: frames of an 8-byte head (stream, length) and that many bytes. */
export function textOfFrames(bytes: Buffer, limit = 500): string {
  const parts: Buffer[] = []
  for (let at = 0; at + 8 <= bytes.length; ) {
    const end = at + 8 + bytes.readUInt32BE(at + 4)
    parts.push(bytes.subarray(at + 8, end))
    at = end
  }
  return Buffer.concat(parts).toString('utf8').replace(/\s+/g, ' ').trim().slice(-limit)
}
