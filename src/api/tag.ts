// Tags of jobs (modelarts.md §1.6, #23; clients.md §1).
import { z } from 'zod'
import { tagFilter } from './job-search.ts'

/** Letters and digits of any language and a few signs, as the tag service has it. */
const key = z
  .string()
  .min(1, 'must not be empty')
  .max(128, 'must be at most 128 characters')
  .regex(/^[\p{L}\p{N} _.:=+\-@]*$/u, 'must be letters, digits, blanks and _ . : = + - @')
  .refine((text) => !text.startsWith('_sys_'), 'must not begin with "_sys_"')
  .refine((text) => text === text.trim(), 'must not begin or end with a blank')
const value = z
  .string()
  .max(255, 'must be at most 255 characters')
  .regex(/^[\p{L}\p{N} _.:/=+\-@]*$/u, 'must be letters, digits, blanks and _ . : / = + - @')

export const tag = z.object({ key: z.string(), value: z.string() })
export const tagList = z.object({ tags: z.array(tag) })

export const tagsRequest = z.object({
  tags: z
    .array(z.object({ key, value: value.nullish() }))
    .min(1, 'must have at least 1 entry')
    .max(20, 'must have at most 20 entries'),
})
/** The value does not matter: a job has one tag of a key. */
export const tagsRemoval = z.object({
  tags: z
    .array(z.object({ key: z.string(), value: z.string().nullish() }))
    .min(1, 'must have at least 1 entry')
    .max(20, 'must have at most 20 entries'),
})

export const tagPageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(1000),
  offset: z.coerce.number().int().min(0).default(0),
})
export const projectTags = z.object({
  tags: z.array(z.object({ key: z.string(), values: z.array(z.string()) })),
})

export const taggedSearch = z.looseObject({
  workspace_id: z.string().nullish(),
  tags: z.array(tagFilter).max(20, 'must have at most 20 entries').nullish(),
  /** Only jobs without a tag; `tags` is ignored then. */
  without_any_tag: z.boolean().nullish(),
  matches: z
    .array(
      z.object({
        key: z.literal('resource_name', 'must be "resource_name"'),
        value: z.string().max(255, 'must be at most 255 characters'),
      }),
    )
    .max(1, 'must have at most 1 entry')
    .nullish(),
})
export type TaggedSearch = z.infer<typeof taggedSearch>
export const taggedCount = z.object({ total_count: z.number().int() })
export const taggedList = z.object({
  resources: z.array(
    z.object({
      resource_detail: z.object({}),
      workspace_id: z.string(),
      resource_id: z.string(),
      resource_name: z.string(),
      tags: z.array(tag),
    }),
  ),
  total_count: z.number().int(),
})
