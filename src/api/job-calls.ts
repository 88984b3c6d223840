// The smaller calls around training jobs (clients.md §1): name check, batch delete, stages, route plan, pool jobs.
import { z } from 'zod'

export const nameQuery = z.object({
  job_name: z.string('must be given').max(64, 'must be at most 64 characters'),
  workspace_id: z.string().optional(),
})
export const nameCheck = z.object({ is_duplicate: z.boolean() })

export const batchDeleteRequest = z.looseObject({
  jobs: z
    .array(z.looseObject({ kind: z.string().nullish(), metadata: z.looseObject({ id: z.string() }) }))
    .min(1, 'must have at least 1 entry')
    .max(100, 'must have at most 100 entries'),
})

/** A time of a stage is ISO 8601 with offset, empty while it is not known. */
export const stage = z.object({
  job_id: z.string(),
  name: z.enum(['scheduling', 'preparing', 'running', 'end']),
  en_message: z.string(),
  zh_message: z.string(),
  start_time: z.string(),
  end_time: z.string(),
  /** 1 to 4. */
  stage_order: z.number().int(),
  sub_stages: z.array(
    z.object({
      name: z.string(),
      en_message: z.string(),
      zh_message: z.string(),
      create_time: z.string(),
    }),
  ),
})
export type Stage = z.infer<typeof stage>

/** The highest `record_order` is the present run. */
export const stageList = z.object({
  total_count: z.number().int(),
  running_records: z.array(z.object({ record_order: z.number().int(), stages: z.array(stage) })),
})
export type StageList = z.infer<typeof stageList>

/** `rank_mapping` is `newRank-task` pairs with commas; with `failed` it is the order of the tasks. */
export const routePlan = z.object({
  job_id: z.string(),
  status: z.enum(['success', 'failed']),
  rank_mapping: z.string(),
})

/** Jobs of a pool itself (node replaced, restarted, reset), not of users. */
export const poolJobQuery = z.object({
  type: z.enum(['replace-node', 'reboot-node', 'reset-nodes']).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  offset: z.coerce.number().int().min(0).default(0),
  since: z.coerce.number().int().optional(),
  until: z.coerce.number().int().optional(),
  resource: z.enum(['pools']).optional(),
  name: z.string().optional(),
})
export const poolJobList = z.object({ count: z.number().int(), items: z.array(z.looseObject({})) })
