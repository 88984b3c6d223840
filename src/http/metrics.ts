// Metrics of a task (row 14 of modelarts.md §1.2). Nothing is sampled yet, and -1 is how ModelArts says so.
import { AppError } from '../api/error.ts'
import { METRICS } from '../api/metric.ts'
import type { Handlers } from './handlers.ts'
import { type ApiParts, jobOf, taskOf } from './parts.ts'

const MINUTE_MS = 60_000
/** ModelArts shows the last three days. */
const MOST_MINUTES = 3 * 24 * 60

export const metricHandlers = (parts: ApiParts): Handlers<'showMetrics'> => ({
  showMetrics: async ({ context }) => {
    const job = await jobOf(parts, context)
    const task = taskOf(job, context)
    const status = job.status.tasks.find((one) => one.task === task)
    const startedAtMs = status?.startedAtMs ?? null
    if (startedAtMs === null) throw new AppError('MetricNotReady', 'the task has not started')
    const endMs = status?.endedAtMs ?? parts.clock.now().getTime()
    const minutes = Math.min(MOST_MINUTES, Math.max(0, Math.floor((endMs - startedAtMs) / MINUTE_MS)))
    return { metrics: METRICS.map((metric) => ({ metric, value: Array<number>(minutes).fill(-1) })) }
  },
})
