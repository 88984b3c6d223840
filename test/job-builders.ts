// Builders of domain values for tests: say what matters, the rest is sensible.
import { simulatedInventory } from '../src/accelerator/simulated.ts'
import type { TrainingJobRequest } from '../src/api/training-job.ts'
import { trainingJobRequest } from '../src/api/training-job.ts'
import { generationOf } from '../src/job/command.ts'
import type { Job, JobStatus } from '../src/job/job.ts'
import { taskNames } from '../src/job/names.ts'
import { initialStatus } from '../src/job/phase.ts'
import type { TaskObservation } from '../src/job/ports.ts'

export const GIB = 1 << 30

/** Two simulated hosts of four 910A devices. */
export const inventory2x4 = simulatedInventory(
  { hosts: 2, devicesPerHost: 4, chip: '910a' },
  { cpuCores: 4, memoryBytes: 8 * GIB },
)

export type BodyParts = {
  name?: string
  command?: string
  flavor?: string
  nodes?: number
  environments?: Record<string, string>
  annotations?: Record<string, string>
  extra?: object
  algorithm?: object
  spec?: object
}

export function buildBody(parts: BodyParts = {}): TrainingJobRequest {
  return trainingJobRequest.parse({
    kind: 'job',
    metadata: { name: parts.name ?? 'demo', annotations: parts.annotations ?? {} },
    algorithm: {
      command: parts.command ?? 'true',
      engine: { image_url: 'host' },
      environments: parts.environments ?? {},
      ...parts.algorithm,
    },
    spec: {
      resource: { flavor_id: parts.flavor ?? 'ropeway.ascend-910a.4', node_count: parts.nodes ?? 1 },
      ...parts.spec,
    },
    ...parts.extra,
  })
}

export function buildJob(
  parts: BodyParts & { id?: string; status?: Partial<JobStatus>; job?: Partial<Job> } = {},
): Job {
  const request = buildBody(parts)
  return {
    seq: 1,
    id: parts.id ?? '11111111-2222-4333-8444-555555555555',
    projectId: 'p',
    userName: 'u',
    generation: generationOf(request.algorithm?.command ?? ''),
    request,
    createTimeMs: 1000,
    description: '',
    stopRequestedAtMs: null,
    deleteRequestedAtMs: null,
    cleanedAtMs: null,
    status: { ...initialStatus(taskNames(parts.nodes ?? 1)), ...parts.status },
    version: 1,
    ...parts.job,
  }
}

export function seen(
  task: string,
  state: TaskObservation['state'],
  more: Partial<TaskObservation> = {},
): TaskObservation {
  return {
    task,
    state,
    address: state === 'absent' ? null : '127.64.0.1',
    exitCode: null,
    oomKilled: 'unknown',
    memory: null,
    imageDigest: null,
    startedAtMs: 2000,
    endedAtMs: null,
    message: '',
    ...more,
  }
}
