// Pools (modelarts.md §1.7): one, `default`, made of the hosts there are. Shapes are Kubernetes-like, as ModelArts has them.
import { z } from 'zod'

const labels = z.record(z.string(), z.string())
const amounts = z.record(z.string(), z.string())

export const pool = z.object({
  kind: z.literal('Pool'),
  apiVersion: z.literal('v2'),
  metadata: z.object({
    name: z.string(),
    creationTimestamp: z.string(),
    labels,
    annotations: labels,
  }),
  spec: z.object({
    type: z.literal('Dedicate'),
    scope: z.array(z.string()),
    resources: z.array(z.object({ flavor: z.string(), count: z.number().int(), maxCount: z.number().int() })),
    jobFlavors: z.array(z.string()),
  }),
  status: z.object({
    phase: z.literal('Running'),
    message: z.string(),
    resources: z.object({
      available: z.array(z.object({ flavor: z.string(), count: z.number().int() })),
      abnormal: z.array(z.object({ flavor: z.string(), count: z.number().int() })),
    }),
    scope: z.array(z.object({ scopeType: z.string(), state: z.string() })),
  }),
})
export type Pool = z.infer<typeof pool>

export const poolQuery = z.object({
  workspaceId: z.string().optional(),
  status: z.string().optional(),
  labelSelector: z.string().optional(),
})
export const poolList = z.object({
  kind: z.literal('PoolList'),
  apiVersion: z.literal('v2'),
  metadata: z.object({}),
  items: z.array(pool),
})

export const WORKLOAD_STATES = [
  'Queue',
  'Pending',
  'Abnormal',
  'Terminating',
  'Creating',
  'Running',
  'Completed',
  'Terminated',
  'Failed',
] as const

export const workloadQuery = z.object({
  type: z.enum(['train', 'infer', 'notebook']).optional(),
  status: z.enum(WORKLOAD_STATES).optional(),
  sort: z.enum(['create_time']).default('create_time'),
  ascend: z.enum(['true', 'false']).default('false'),
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(500),
  hostip: z.string().optional(),
})

export const workload = z.object({
  apiVersion: z.literal('v1'),
  kind: z.literal('Workload'),
  type: z.literal('train'),
  /** The pool. */
  namespace: z.string(),
  name: z.string(),
  jobName: z.string(),
  uid: z.string(),
  jobUUID: z.string(),
  flavor: z.string(),
  status: z.enum(WORKLOAD_STATES),
  resourceRequirement: amounts,
  priority: z.string(),
  /** Milliseconds. */
  runningDuration: z.number(),
  pendingDuration: z.number(),
  /** From 1; 0 when it does not wait. */
  pendingPosition: z.number().int(),
  createTime: z.number(),
  gvk: z.string(),
  hostIps: z.string(),
  nodes: z.array(
    z.object({
      hostIp: z.string(),
      /** A bit for each card, card 0 on the right. */
      npuTopologyPlacement: z.string(),
      resourceRequirement: amounts,
    }),
  ),
})
export type Workload = z.infer<typeof workload>
export const workloadList = z.object({
  apiVersion: z.literal('v1'),
  kind: z.literal('WorkloadList'),
  metadata: z.object({}),
  total: z.number().int(),
  items: z.array(workload),
})

export const poolNode = z.object({
  kind: z.literal('Node'),
  apiVersion: z.literal('v2'),
  metadata: z.object({ name: z.string(), creationTimestamp: z.string(), labels, annotations: labels }),
  spec: z.object({ flavor: z.string() }),
  status: z.object({
    phase: z.enum(['Available', 'Abnormal']),
    privateIp: z.string(),
    resources: amounts,
    availableResources: amounts,
  }),
})
export type PoolNode = z.infer<typeof poolNode>
export const poolNodeList = z.object({
  kind: z.literal('NodeList'),
  apiVersion: z.literal('v2'),
  metadata: z.object({}),
  items: z.array(poolNode),
})

export const poolMonitorQuery = z.object({
  time_range: z.string().optional(),
  statistics: z.string().optional(),
  period: z.string().optional(),
})
/** What is booked of what there is, now; a history is not kept. */
export const poolMonitor = z.object({
  metrics: z.array(
    z.object({
      metric: z.object({
        metricName: z.enum(['cpuUsage', 'memUsage', 'npuUsage', 'gpuUsage']),
        dimensions: z.array(z.object({ name: z.string(), value: z.string() })),
      }),
      dataPoints: z.array(
        z.object({
          timestamp: z.number(),
          unit: z.literal('Percent'),
          statistics: z.array(z.object({ statistic: z.literal('average'), value: z.number() })),
        }),
      ),
    }),
  ),
})

export const poolFlavorQuery = z.object({
  flavor_id: z.string('must be given'),
  pool_id: z.string('must be given'),
})
/** Whole cores and GB that a task can have at most, now. */
export const poolFlavor = z.object({ cpu_core_num: z.number().int(), mem_size: z.number().int() })
