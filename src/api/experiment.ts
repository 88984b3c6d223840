// Experiments (modelarts.md §1.7, #22).
import { z } from 'zod'

const name = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, "-" or "_"')
const description = z.string().max(256, 'must be at most 256 characters')

export const experimentRequest = z.object({
  metadata: z.object({ name, description: description.nullish(), workspace_id: z.string().nullish() }),
})
export const experimentChange = z.object({ name: name.nullish(), description: description.nullish() })
/** PUT answers what it was given, with what stayed. */
export const experimentChanged = z.object({ name: z.string(), description: z.string() })

export const experimentBody = z.object({
  metadata: z.object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    workspace_id: z.string(),
    create_time: z.number(),
    update_time: z.number(),
  }),
  statistic: z.object({ job_count: z.number().int() }),
})
export type ExperimentBody = z.infer<typeof experimentBody>

/** `offset` is a page number. */
export const experimentQuery = z.object({
  workspace_id: z.string().default('0'),
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(50).default(50),
  sort_by: z.enum(['create_time', 'update_time', 'name']).default('create_time'),
  order: z.enum(['asc', 'desc']).default('desc'),
})

export const experimentList = z.object({
  total: z.number().int(),
  count: z.number().int(),
  limit: z.number().int(),
  offset: z.number().int(),
  sort_by: z.string(),
  order: z.string(),
  items: z.array(experimentBody),
})

export const experimentNameQuery = z.object({
  experiment_name: z.string('must be given'),
  workspace_id: z.string().default('0'),
})
