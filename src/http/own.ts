// What ModelArts lacks: a dry run that says what would happen, with nothing stored (decisions.md §4).
import type { DryRunResponse } from '../api/own.ts'
import { place } from '../job/admission.ts'
import { createJob, trialJob } from '../job/create.ts'
import { buildInstructions } from '../job/instructions.ts'
import { SECRET_MASK } from '../job/job.ts'
import { hostAddressOf, planInputOf } from '../job/plan-input.ts'
import { newUuid } from '../lib/id.ts'
import type { Call, Handlers } from './handlers.ts'
import { jobBody } from './job-body.ts'
import type { ApiParts } from './parts.ts'

export const ownHandlers = (parts: ApiParts): Handlers<'dryRun'> => ({
  dryRun: (call) => dryRun(parts, call),
})

async function dryRun(parts: ApiParts, { context, body }: Call<'dryRun'>): Promise<DryRunResponse> {
  const { projectId, userName } = context.get('principal')
  const inventory = parts.inventory()
  const created = await createJob(
    { id: newUuid(), projectId, userName, nowMs: parts.clock.now().getTime(), body },
    { ...parts, inventory, catalog: parts.catalog(projectId) },
  )
  const job = trialJob(created.job)
  const now = place(job, inventory, await parts.store.bookings())
  const placed = now.ok ? now : place(job, inventory, [])
  const placements = placed.ok ? placed.placements : []
  const secrets = Object.fromEntries(
    Object.keys(created.job.secretEnvironment).map((name) => [name, SECRET_MASK]),
  )
  const planInput = planInputOf(job, { attempt: 1, placements, inventory, site: parts.site })
  return {
    backend: parts.backend.name,
    job: jobBody(job, inventory),
    admission: now.ok
      ? { admitted: true, reason: 'devices are free', placements: now.placements }
      : { admitted: false, reason: now.reason },
    plan: parts.backend.plan(planInput),
    container: planInput.container,
    environments: placements.map((placement) => {
      const input = {
        job,
        task: placement.task,
        address: hostAddressOf(inventory, placement.hostId),
        deviceCount: placement.physicalIds.length,
        secrets,
      }
      return { task: placement.task, environment: buildInstructions(input).environment }
    }),
    warnings: created.events.filter(({ level }) => level === 'Warning').map(({ message }) => message),
  }
}
