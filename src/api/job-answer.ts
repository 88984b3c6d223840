// A training job as the server answers it (modelarts.md §1.4, §1.5), and what may be asked of one that exists.
import { z } from 'zod'

export const actionRequest = z.object({ action_type: z.string() })

/** Of these only the description can be changed here; the others are refused by name when they are filled. */
export const updateRequest = z.looseObject({
  description: z.string().max(256, 'must be at most 256 characters').nullish(),
  spec: z.looseObject({}).nullish(),
  endpoints: z.looseObject({}).nullish(),
  metadata: z.looseObject({}).nullish(),
})
export type UpdateRequest = z.infer<typeof updateRequest>

/** `status` of a job on the wire (§1.5). `waiting` is ours: why a job does not start yet. */
export const jobStatusBody = z.looseObject({
  phase: z.string(),
  secondary_phase: z.string(),
  duration: z.number(),
  start_time: z.number(),
  node_count_metrics: z.array(z.array(z.number())).nullable(),
  tasks: z.array(z.string()),
  task_statuses: z.array(
    z.object({ task: z.string(), exit_code: z.number().nullable(), message: z.string() }),
  ),
  running_records: z.array(z.looseObject({})),
  message: z.string().optional(),
  exit_code: z.number().nullable().optional(),
  waiting: z.object({ position: z.number(), reason: z.string() }).nullable().optional(),
})

/** The job object every call answers with (§1.4). */
export const trainingJob = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({
    id: z.string(),
    name: z.string(),
    create_time: z.number(),
    description: z.string(),
    workspace_id: z.string(),
  }),
  status: jobStatusBody,
  algorithm: z.looseObject({}),
  spec: z.looseObject({}),
})
export type TrainingJob = z.infer<typeof trainingJob>

export const taskQuery = z.object({ schedule_count: z.coerce.number().int().min(0).optional() })

/** One task of a job: `GET …/tasks` answers an array of these. */
export const trainingTask = z.object({
  task: z.string(),
  ip: z.string(),
  host_ip: z.string(),
  schedule_count: z.number().int(),
})
export type TrainingTask = z.infer<typeof trainingTask>
