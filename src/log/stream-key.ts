// Which stream of which task is meant, and where it stands. Names become paths here and nowhere else,
// so what is let through is a closed set of characters.
import { join } from 'node:path'
import { LogError } from './log-error.ts'

export type StreamKey = {
  /** Lower-case UUID. */
  readonly jobId: string
  /** From 1. */
  readonly attempt: number
  /** `worker-0` */
  readonly task: string
  /** `task`: what the container printed; `rank-N`: what one rank did; `platform`: what we said. */
  readonly stream: string
}

const JOB = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const TASK = /^[a-z][a-z0-9]{0,30}-\d{1,5}$/
const STREAM = /^(task|platform|rank-\d{1,5})$/
const ATTEMPT = /^[1-9]\d{0,5}$/
const RAW_FILE = /^([a-z0-9-]{1,64})\.log$/

/** Is this a stream that tasks may have? */
export const isStreamName = (stream: string): boolean => STREAM.test(stream)

/** Is this the name of a folder that `jobDir` makes? */
export const isJobId = (name: string): boolean => JOB.test(name)

/** Folder of a job's streams. Throws LogError InvalidKey. */
export function jobDir(dir: string, jobId: string): string {
  check('jobId', jobId, JOB, 'a lower-case UUID')
  return join(dir, jobId)
}

/** Path of a stream's raw bytes; its index stands beside it. Throws LogError InvalidKey. */
export function rawPath(dir: string, key: StreamKey): string {
  check('attempt', String(key.attempt), ATTEMPT, 'a whole number from 1')
  check('task', key.task, TASK, 'a role and an index, like "worker-0"')
  check('stream', key.stream, STREAM, '"task", "platform" or "rank-N"')
  return join(jobDir(dir, key.jobId), String(key.attempt), key.task, `${key.stream}.log`)
}

export const indexPath = (raw: string): string => `${raw.slice(0, -'.log'.length)}.times`

/** Beside the raw bytes of a stream that was cut off: what was not kept. */
export const cutPath = (raw: string): string => `${raw.slice(0, -'.log'.length)}.cut`

/** The key of a path below a job's folder (`1/worker-0/task.log`); null for what is not ours. */
export function parseRawPath(jobId: string, path: string): StreamKey | null {
  const [attempt = '', task = '', file = '', ...more] = path.split('/')
  const stream = RAW_FILE.exec(file)?.[1] ?? ''
  if (more.length > 0 || !ATTEMPT.test(attempt) || !TASK.test(task) || !STREAM.test(stream)) return null
  return { jobId, attempt: Number(attempt), task, stream }
}

function check(field: string, value: string, pattern: RegExp, valid: string): void {
  if (!pattern.test(value))
    throw new LogError('InvalidKey', `${field} is ${JSON.stringify(value.slice(0, 80))}, it must be ${valid}`)
}
