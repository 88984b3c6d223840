// The names by which tasks of a job find one another, checked before they go into an /etc/hosts. Pure.
import { AppError } from '../api/error.ts'
import type { PlanInput, TaskPlanInput } from '../job/ports.ts'

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/
const ADDRESS = /^[0-9A-Fa-f.:]+$/

export type HostName = PlanInput['hostNames'][number]

/** The job's names and the task's own. Throws AppError InvalidParam for a name or address that would break the file. */
export function hostNamesFor(input: PlanInput, task: TaskPlanInput): HostName[] {
  const entries = [...input.hostNames]
  if (!entries.some(({ name }) => name === task.podName))
    entries.push({ name: task.podName, address: task.hostAddress, task: task.task })
  const bad = entries.find(({ name, address }) => !NAME.test(name) || !ADDRESS.test(address))
  if (bad === undefined) return entries
  throw new AppError(
    'InvalidParam',
    `Host name ${JSON.stringify(bad.name)} with address ${JSON.stringify(bad.address)} cannot stand in /etc/hosts`,
  )
}
