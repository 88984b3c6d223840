// Events of a job: ModelArts' pages, and our own stream by sequence (rows 9 of modelarts.md §1.2; decisions.md §4).
import type { Hono } from 'hono'
import { eventQuery } from '../api/event.ts'
import { eventStreamQuery } from '../api/own.ts'
import { ROUTES } from '../api/routes.ts'
import { isTerminal, shownPhase } from '../job/phase.ts'
import { parseQuery } from './parse.ts'
import { type ApiContext, type ApiEnv, type ApiParts, jobOf } from './parts.ts'

const STREAM_BATCH = 500

/** Adds the routes to an application. */
export function eventRoutes(app: Hono<ApiEnv>, parts: ApiParts): void {
  app.get(ROUTES.listEvents.path, async (context) => {
    const query = parseQuery(eventQuery, context.req.query())
    const job = await jobOf(parts, context)
    const { total, events } = await parts.store.listEvents(job.id, query)
    const { limit, offset, order } = query
    return context.json({
      total,
      limit,
      offset,
      order,
      start_time: query.start_time ?? null,
      end_time: query.end_time ?? null,
      events,
    })
  })
  app.get(ROUTES.streamEvents.path, (context) => stream(parts, context))
}

/** Waits until there is an event after `since`, the job has ended, or `wait_s` is over. */
async function stream(parts: ApiParts, context: ApiContext): Promise<Response> {
  const { since, wait_s: waitS } = parseQuery(eventStreamQuery, context.req.query())
  const asked = await jobOf(parts, context)
  const done = new AbortController()
  const signal = AbortSignal.any([parts.stopping, context.req.raw.signal, done.signal])
  // Listening begins before looking, so that nothing slips between.
  const change = parts.changed.wait(asked.id, waitS * 1000, signal)
  let seen = await look(parts, context, since)
  if (seen.events.length === 0 && waitS > 0 && !isTerminal(seen.job.status.phase)) {
    await change
    seen = await look(parts, context, since)
  }
  done.abort()
  const { job, events } = seen
  const admission = await parts.waiting.of(job)
  const { phase, secondaryPhase } = shownPhase(job)
  return context.json({
    next: events.at(-1)?.sequence ?? since,
    events,
    phase,
    secondary_phase: secondaryPhase,
    terminal: isTerminal(job.status.phase) && events.length < STREAM_BATCH,
    exit_code: job.status.exitCode,
    message: job.status.message,
    waiting:
      admission && !admission.admitted ? { position: admission.position, reason: admission.reason } : null,
  })
}

/** The job first, its events after: whoever sees a job at its end also sees its last event. */
async function look(parts: ApiParts, context: ApiContext, since: number) {
  const job = await jobOf(parts, context)
  return { job, events: await parts.store.eventsSince(job.id, since, STREAM_BATCH) }
}
