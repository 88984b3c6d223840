// What a log is called where people find it: ModelArts' names (modelarts.md §3.9), with an attempt and a part of our own. Pure.
import type { Generation } from './job.ts'
import { podName, taskIndexOf } from './names.ts'

/** Which stream of which task. */
export type StreamName = { readonly attempt: number; readonly task: string; readonly stream: string }

/**
 * `modelarts-job-<uuid>-worker-0.log` for a task's own output, `modelarts-job-<uuid>-proc-rank-<r>-device-<d>.txt` for
 * a rank's. `device` is the logical id, counted from 0; its part of the name is left out where it is not known.
 */
export function logFileName(jobId: string, task: string, stream: string, device?: number): string {
  const prefix = `modelarts-job-${jobId}`
  if (stream.startsWith('rank-'))
    return `${prefix}-proc-${stream}${device === undefined ? '' : `-device-${device}`}.txt`
  return stream === 'task' ? `${prefix}-${task}.log` : `${prefix}-${task}-${stream}.log`
}

/** Folders beside the logs for what CANN and MindSpore write into files: one for the job, and one for each of its tasks. */
export function exportedFolders(jobId: string, { attempt, task }: Pick<StreamName, 'attempt' | 'task'>) {
  const again = attempt > 1 ? `-attempt-${attempt}` : ''
  return { job: `modelarts-job-${jobId}${again}/`, task: `modelarts-job-${jobId}-${task}${again}/` }
}

/** Logical device of a rank: tasks have equal counts and ranks follow them, so it is the rank's place within its task. */
export function deviceOfRank(stream: string, devicesPerTask: number): number | undefined {
  const rank = /^rank-(\d+)$/.exec(stream)?.[1]
  return rank !== undefined && devicesPerTask > 0 ? Number(rank) % devicesPerTask : undefined
}

/**
 * Name of a log in the job's log path. A generation 1 task's own output is called after its pod, as davincirun did.
 * From the second attempt on `-attempt-<n>` stands before the ending, from the second part on `.<part>`, so that
 * nothing replaces another file: `….log`, `….1.log`, `…-attempt-2.log`.
 */
export function exportedName(
  job: { readonly jobId: string; readonly generation: Generation; readonly devices: number },
  { attempt, task, stream }: StreamName,
  part = 0,
): string {
  const name =
    job.generation === 1 && stream === 'task'
      ? `${podName(1, job.jobId, taskIndexOf(task))}.log`
      : logFileName(job.jobId, task, stream, deviceOfRank(stream, job.devices))
  const dot = name.lastIndexOf('.')
  const again = attempt > 1 ? `-attempt-${attempt}` : ''
  return `${name.slice(0, dot)}${again}${part > 0 ? `.${part}` : ''}${name.slice(dot)}`
}
