// Lists of any length as one sequence.
import type { EventQuery, JobEvent } from '../api/event.ts'
import type { TrainingJob } from '../api/job-answer.ts'
import type { SearchRequest } from '../api/job-search.ts'
import type { RopewayClient } from './ropeway-client.ts'

/**
 * Every job that is found, each once. Pages shift when jobs come while they are read, newest first: those seen before
 * are left out. Jobs that are deleted meanwhile shift them the other way; with `order: 'asc'` none is passed over by new ones.
 */
export async function* allJobs(
  client: RopewayClient,
  request: Partial<SearchRequest>,
  signal: AbortSignal | undefined,
): AsyncGenerator<TrainingJob> {
  const limit = request.limit ?? 50
  const seen = new Set<string>()
  for (let offset = 0; ; offset++) {
    const { items } = await client.search({ ...request, limit, offset }, signal)
    for (const job of items)
      if (!seen.has(job.metadata.id)) {
        seen.add(job.metadata.id)
        yield job
      }
    if (items.length < limit) return
  }
}

/** Every event that is found, oldest first: new ones come at the end. Offsets are numbers of pages. */
export async function* allEvents(
  client: RopewayClient,
  job: string,
  query: Partial<Omit<EventQuery, 'offset' | 'order'>>,
  signal: AbortSignal | undefined,
): AsyncGenerator<JobEvent> {
  const limit = query.limit ?? 100
  for (let offset = 0; ; offset++) {
    const { events } = await client.events(job, { ...query, limit, offset, order: 'asc' }, signal)
    yield* events
    if (events.length < limit) return
  }
}
