// Quotas of a user (modelarts.md §1.6, #20).
import { z } from 'zod'

const resource = z.enum(['job-num', 'visual-job-num', 'job-retention-enabled', 'job-num-quota-notify'])

/** Without a `user_id` those of the caller; without a `resource` that of jobs. */
export const quotaQuery = z.object({ user_id: z.string().optional(), resource: resource.default('job-num') })

export const quotaList = z.object({
  quotas: z.array(z.object({ resource: z.string(), quota: z.number().int(), used: z.number().int() })),
})

/** Without a `user_id` for every user of the project who has none of their own. */
export const quotaRequest = z.object({
  user_id: z.string().max(64, 'must be at most 64 characters').nullish(),
  quotas: z
    .array(
      z.looseObject({
        resource,
        quota: z
          .number()
          .int('must be a whole number')
          .min(0, 'must be 0 to 2147483647')
          .max(2_147_483_647, 'must be 0 to 2147483647'),
        used: z.number().nullish(),
        extra_info: z.string().max(1024, 'must be at most 1024 characters').nullish(),
      }),
    )
    .min(1, 'must have at least 1 entry')
    .max(20, 'must have at most 20 entries'),
})

export const quotaChanged = z.object({
  user_id: z.string(),
  quotas: z.array(
    z.object({ resource: z.string(), quota: z.number(), used: z.number(), extra_info: z.string() }),
  ),
})
