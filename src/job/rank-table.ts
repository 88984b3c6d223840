// The rank table of a job as its tasks may see it now: none, initializing, completed. Pure.
import type { Inventory } from '../accelerator/device.ts'
import { buildV01, instanceOf } from '../accelerator/rank-table/build.ts'
import type { RankTableResponse } from '../api/task.ts'
import { rankTableDir } from './environment.ts'
import type { Job } from './job.ts'
import { groupName, podName } from './names.ts'

/** Completed from observed addresses only (decisions.md 1.12); `version` grows with each state. */
export function rankTableOf(job: Job, inventory: Inventory): RankTableResponse {
  const { placements, tasks, addressesComplete } = job.status
  const devices = placements[0]?.physicalIds.length ?? 0
  if (rankTableDir(job, devices) === null || devices === 0) return { version: 0, text: '' }
  if (!addressesComplete) return { version: 1, text: buildV01({ status: 'initializing' }) }
  const instances = placements.map((placement) => {
    const address = tasks.find(({ task }) => task === placement.task)?.address ?? ''
    return instanceOf(inventory, placement, podName(job.generation, job.id, placement.taskIndex), address)
  })
  return {
    version: 2,
    text: buildV01({ status: 'completed', groupName: groupName(job.generation), instances }),
  }
}
