// Events: dated sentences for people (modelarts.md §1.6, events #9).
import { z } from 'zod'

export const eventLevel = z.enum(['Info', 'Warning', 'Error'])
export const eventSource = z.enum(['Job', 'Task', 'K8S'])

export const jobEvent = z.object({
  /** ISO 8601 with offset. */
  time: z.string(),
  level: eventLevel,
  source: eventSource,
  message: z.string(),
  /** CamelCase, stable; ours. */
  reason: z.string(),
})
export type JobEvent = z.infer<typeof jobEvent>

export const eventQuery = z
  .object({
    /** A page number, as the SDK's documents say; others say a record. */
    offset: z.coerce.number().int().min(0).default(0),
    limit: z.coerce.number().int().min(1).max(100).default(50),
    order: z.enum(['asc', 'desc']).default('desc'),
    start_time: z.coerce.number().int().optional(),
    end_time: z.coerce.number().int().optional(),
    level: eventLevel.optional(),
    pattern: z.string().max(256).optional(),
    source: eventSource.optional(),
  })
  .refine(({ start_time, end_time }) => (start_time === undefined) === (end_time === undefined), {
    path: ['start_time'],
    message: 'must be given together with end_time',
  })
export type EventQuery = z.infer<typeof eventQuery>

export const eventPage = z.object({
  total: z.number().int(),
  limit: z.number().int(),
  offset: z.number().int(),
  order: z.string(),
  start_time: z.number().nullable(),
  end_time: z.number().nullable(),
  events: z.array(jobEvent),
})
export type EventPage = z.infer<typeof eventPage>

/** What the notifications of a job can be about; the hyphen in the key is ModelArts' own. */
export const eventCategories = z.object({
  'event-categories': z.array(
    z.object({ id: z.string(), name: z.string(), description: z.string(), notification: z.boolean() }),
  ),
})
export const categoryQuery = z.object({ flavor_type: z.string().optional() })
