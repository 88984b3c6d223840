// Labels that every container, network and volume of ours carries. `ropeway.instance` keeps two servers on one engine
// apart: what has another instance is somebody else's, whatever it is called.
import { taskObjectName } from '../../job/names.ts'

export const LABEL = {
  instance: 'ropeway.instance',
  job: 'ropeway.job',
  attempt: 'ropeway.attempt',
  task: 'ropeway.task',
  /** `task`, or `network` for the container that only holds a network namespace. */
  role: 'ropeway.role',
  /** Where the others reach the task. */
  address: 'ropeway.address',
  image: 'ropeway.image',
  digest: 'ropeway.digest',
  /** The boot in which the container was made. */
  boot: 'ropeway.boot',
} as const

export type AttemptId = { readonly jobId: string; readonly attempt: number }

/** What everything of one attempt carries. */
export const attemptLabels = (instanceId: string, { jobId, attempt }: AttemptId): Record<string, string> => ({
  [LABEL.instance]: instanceId,
  [LABEL.job]: jobId,
  [LABEL.attempt]: String(attempt),
})

/** The engine's filter for labels. */
export const labelFilter = (labels: Readonly<Record<string, string>>): { label: string[] } => ({
  label: Object.entries(labels).map(([name, value]) => `${name}=${value}`),
})

/** `<job>-<attempt>`: the attempt's own network and its record. */
export const attemptName = ({ jobId, attempt }: AttemptId): string =>
  taskObjectName(jobId, attempt, '').slice(0, -1)

/** `<job>-<attempt>-net-<host>`: the container that holds the network namespace of several tasks. */
export const holderName = (id: AttemptId, index: number): string => `${attemptName(id)}-net-${index}`

/** Is this thing of that attempt, and ours? */
export function isOfAttempt(
  labels: Readonly<Record<string, string>> | null | undefined,
  instanceId: string,
  id: AttemptId,
): boolean {
  return Object.entries(attemptLabels(instanceId, id)).every(([name, value]) => labels?.[name] === value)
}
