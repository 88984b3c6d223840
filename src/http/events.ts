// Events of a job: ModelArts' pages, and our own stream by sequence (rows 9 of modelarts.md §1.2; decisions.md §4).
import { AppError } from '../api/error.ts'
import { languageOf } from '../api/language.ts'
import type { EventStream } from '../api/own.ts'
import { eventCategoriesIn } from '../job/event-categories.ts'
import { EVENTS } from '../job/events.ts'
import { isTerminal, shownPhase } from '../job/phase.ts'
import type { Call, Handlers } from './handlers.ts'
import { type ApiContext, type ApiParts, jobOf, taskOf } from './parts.ts'

const STREAM_BATCH = 500

type Names = 'listEvents' | 'listEventCategories' | 'reportEvent' | 'streamEvents'

export const eventHandlers = (parts: ApiParts): Handlers<Names> => ({
  listEventCategories: ({ context }) => ({
    'event-categories': eventCategoriesIn(languageOf(context.req.header('x-language'))),
  }),
  reportEvent: async ({ context, body: { type } }) => {
    const job = await jobOf(parts, context)
    const task = taskOf(job, context)
    const kind = context.req.param('report') ?? ''
    if (kind !== 'training-event')
      throw new AppError(
        'InvalidParam',
        `report_type: got ${JSON.stringify(kind.slice(0, 80))}; valid: training-event`,
      )
    await parts.store.addEvents(job.id, [EVENTS.reported(task, type)], parts.clock.now().getTime())
    parts.changed.notify(job.id)
    return {}
  },
  listEvents: async ({ context, query }) => {
    const job = await jobOf(parts, context)
    const { total, events } = await parts.store.listEvents(job.id, query)
    const { limit, offset, order } = query
    return {
      ...{ total, limit, offset, order, events },
      start_time: query.start_time ?? null,
      end_time: query.end_time ?? null,
    }
  },
  streamEvents: (call) => stream(parts, call),
})

/** Waits until there is an event after `since`, the job has ended, or `wait_s` is over. */
async function stream(parts: ApiParts, { context, query }: Call<'streamEvents'>): Promise<EventStream> {
  const { since, wait_s: waitS } = query
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
  return {
    next: events.at(-1)?.sequence ?? since,
    events,
    phase,
    secondary_phase: secondaryPhase,
    terminal: isTerminal(job.status.phase) && events.length < STREAM_BATCH,
    exit_code: job.status.exitCode,
    message: job.status.message,
    waiting:
      admission && !admission.admitted ? { position: admission.position, reason: admission.reason } : null,
  }
}

/** The job first, its events after: whoever sees a job at its end also sees its last event. */
async function look(parts: ApiParts, context: ApiContext, since: number) {
  const job = await jobOf(parts, context)
  return { job, events: await parts.store.eventsSince(job.id, since, STREAM_BATCH) }
}
