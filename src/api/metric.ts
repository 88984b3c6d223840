// Metrics of a task (modelarts.md §1.6, #14): one average per minute, -1 where there is no sample.
import { z } from 'zod'

export const METRICS = ['cpuUsage', 'memUsage', 'gpuUtil', 'gpuMemUsage', 'npuUtil', 'npuMemUsage'] as const

export const metricList = z.object({
  metrics: z.array(z.object({ metric: z.enum(METRICS), value: z.array(z.number()) })),
})
export type MetricList = z.infer<typeof metricList>
