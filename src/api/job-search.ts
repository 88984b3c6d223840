// Searching training jobs (modelarts.md §1.6): `offset` is a page number, blank values of a filter mean no filter.
import { z } from 'zod'
import { trainingJob } from './job-answer.ts'

const page = z.number().int('must be a whole number').min(0, 'must be 0 or more')
const size = z.number().int('must be a whole number').min(1, 'must be 1 to 50').max(50, 'must be 1 to 50')
export const DEFAULT_PAGE_SIZE = 50

/** The documents' sample gives the page here as well; the body wins. */
export const searchQuery = z.object({
  offset: z.coerce.number().pipe(page).optional(),
  limit: z.coerce.number().pipe(size).optional(),
})

export const tagFilter = z.object({ key: z.string(), values: z.array(z.string()).nullish() })

export const searchRequest = z.looseObject({
  offset: page.nullish(),
  limit: size.nullish(),
  sort_by: z.string().nullish(),
  order: z.enum(['asc', 'desc', '']).nullish(),
  group_by: z.string().nullish(),
  workspace_id: z.string().nullish(),
  /** `job` or blank finds all there are, `ftjob` none: fine-tuning jobs do not exist here. */
  train_type: z.enum(['job', 'ftjob', '']).nullish(),
  filters: z
    .array(
      z.object({
        key: z.string(),
        operator: z.string(),
        value: z.array(z.string().nullable()).nullish(),
      }),
    )
    .nullish(),
  tags: z.array(tagFilter).max(10, 'must have at most 10 entries').nullish(),
  host_ips: z
    .array(z.union([z.ipv4(), z.ipv6()], 'must be an IPv4 or IPv6 address'))
    .max(10, 'must have at most 10 entries')
    .nullish(),
})
export type SearchRequest = z.infer<typeof searchRequest>

export const searchResponse = z.looseObject({
  /** All jobs of the project. */
  total: z.number().int(),
  /** Those that match; of what more than 10,000 have in their name, or as a tag or address, at least so many. */
  count: z.number().int(),
  limit: z.number().int(),
  offset: z.number().int(),
  sort_by: z.string(),
  order: z.string(),
  group_by: z.string(),
  workspace_id: z.string(),
  ai_project: z.string(),
  train_type: z.string().optional(),
  items: z.array(trainingJob),
})
export type SearchResponse = z.infer<typeof searchResponse>
