// Names of a job's parts, in one place. Where each comes from: decisions.md 1.3 and 1.11, modelarts.md §3.6, §3.7.
import type { Generation, Job } from './job.ts'

/** First eight hex digits of a job's id: the short form in rank tables and paths. */
export const shortJobId = (jobId: string): string => jobId.replaceAll('-', '').slice(0, 8)

/** `worker-0` … `worker-(n-1)`: ids of a job's tasks. */
export const taskNames = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `worker-${index}`)

/** Position of a task within its role, from 0. */
export const taskIndexOf = (task: string): number => Number(task.slice(task.lastIndexOf('-') + 1))

/** `<job>-<attempt>-<task>`: every object we create for a task carries it. The job's part is 12 hex digits. */
export const taskObjectName = (jobId: string, attempt: number, task: string): string =>
  `${jobId.replaceAll('-', '').slice(0, 12)}-${attempt}-${task}`

/** The instance name that rank tables and environments carry. */
export function podName(generation: Generation, jobId: string, index: number): string {
  return generation === 1
    ? `job${shortJobId(jobId)}-job-trainjob-${index}`
    : `modelarts-job-${jobId}-worker-${index}`
}

/** `group_name` of the v0.1 table. */
export const groupName = (generation: Generation): string => (generation === 1 ? 'job-trainjob' : 'worker')

/** Name under which task `index` can be reached by the others. */
export const workerHost = (jobId: string, index: number): string =>
  `modelarts-job-${jobId}-worker-${index}.modelarts-job-${jobId}`

/** The port that BATCH_*_HOSTS announces. */
export const TASK_PORT = 6666

/** How many tasks the job asked for. */
export const nodeCount = (job: Pick<Job, 'request'>): number => job.request.spec?.resource?.node_count ?? 1

/** Every name by which task `index` may be looked up; all go to its address. */
export function hostNamesOf(jobId: string, generation: Generation, index: number): string[] {
  const virtual = `ma-job-${jobId}`
  return [
    workerHost(jobId, index),
    `modelarts-job-${jobId}-worker-${index}`,
    `${virtual}-worker-${index}.${virtual}`,
    podName(generation, jobId, index),
  ].filter((name, at, all) => all.indexOf(name) === at)
}
