// What a log is called where people download it: ModelArts' names (modelarts.md §3.9).

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
