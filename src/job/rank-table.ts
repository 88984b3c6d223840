// The rank table of a job as its tasks may see it now: none, initializing, completed. Pure.
import type { Inventory } from '../accelerator/device.ts'
import { resolveFlavor } from '../accelerator/flavor.ts'
import {
  buildInitializing,
  buildTable,
  TABLE_FORMS,
  type TableForm,
  tableTaskOf,
} from '../accelerator/rank-table/build.ts'
import { AppError } from '../api/error.ts'
import type { RankTableResponse } from '../api/task.ts'
import type { TrainingJobRequest } from '../api/training-job.ts'
import { ANNOTATION } from './annotations.ts'
import { rankTableDir } from './environment.ts'
import type { Job } from './job.ts'
import { groupName, podName } from './names.ts'

/** The form a job asks for by annotation; v0.1 as the document says. Throws AppError InvalidParam for no form of ours. */
export function tableFormOf(request: TrainingJobRequest): TableForm {
  const asked = request.metadata.annotations?.[ANNOTATION.rankTable]
  const form = TABLE_FORMS.find((known) => known === asked)
  if (asked === undefined || asked === '') return '0.1'
  if (form !== undefined) return form
  throw new AppError(
    'InvalidParam',
    `metadata.annotations["${ANNOTATION.rankTable}"]: got ${JSON.stringify(asked.slice(0, 100))}; valid: ${TABLE_FORMS.join(', ')}`,
  )
}

/** Could a job of that flavor have the form it asks for? Throws AppError InvalidParam. */
export function checkTableForm(request: TrainingJobRequest, inventory: Inventory, flavorId: string): void {
  if (tableFormOf(request) !== '1.2') return
  const flavor = resolveFlavor(inventory, flavorId)
  const hosts = inventory.hosts.filter(({ chip }) => flavor?.chip !== null && chip === flavor?.chip)
  const isKnown = hosts.every(
    ({ superPodId, devices }) =>
      superPodId !== undefined && devices.every(({ superDeviceId }) => superDeviceId !== undefined),
  )
  if (hosts.length > 0 && isKnown) return
  throw new AppError(
    'InvalidParam',
    `metadata.annotations["${ANNOTATION.rankTable}"]: got "1.2", and the super pod of hosts with flavor "${flavorId}" is not known (npu-smi info -t spod-info); valid: 0.1, 1.0`,
  )
}

/** Completed from observed addresses only (decisions.md 1.12); `version` grows with each state. */
export function rankTableOf(job: Job, inventory: Inventory): RankTableResponse {
  const { placements, addressesComplete } = job.status
  const devices = placements[0]?.physicalIds.length ?? 0
  if (rankTableDir(job, devices) === null || devices === 0) return { version: 0, text: '' }
  const addresses = new Map(job.status.tasks.map(({ task, address }) => [task, address]))
  const tasks = placements.map((placement) =>
    tableTaskOf(
      inventory,
      placement,
      podName(job.generation, job.id, placement.taskIndex),
      addresses.get(placement.task) || null,
    ),
  )
  const input = { groupName: groupName(job.generation), tasks }
  return addressesComplete
    ? { version: 2, text: buildTable(tableFormOf(job.request), input) }
    : { version: 1, text: buildInitializing(input) }
}
