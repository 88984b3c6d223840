// Pools, authorisations and workspaces (rows 25 and 26 of modelarts.md §1.2).
import { freeHosts } from '../accelerator/split.ts'
import { AppError } from '../api/error.ts'
import type { WORKLOAD_STATES } from '../api/pool.ts'
import type { Phase } from '../job/job.ts'
import { hostsWith, type JobQuery } from '../job/job-query.ts'
import type { Call, Handlers } from './handlers.ts'
import type { ApiParts } from './parts.ts'
import { bookedShare, nodeBodies, POOL, poolBody, workloadBody } from './pool-body.ts'

type Names =
  | 'listPools'
  | 'showPool'
  | 'listWorkloads'
  | 'listPoolNodes'
  | 'monitorPool'
  | 'listAuthorizations'
  | 'listWorkspaces'

/** Throws AppError PoolNotFound. */
export function checkPool(pool: string | undefined, field: string): void {
  if (pool !== POOL)
    throw new AppError(
      'PoolNotFound',
      `${field}: got ${JSON.stringify(pool?.slice(0, 80))}; valid: ${JSON.stringify(POOL)}`,
    )
}

export const poolHandlers = (parts: ApiParts): Handlers<Names> => ({
  listPools: () => ({
    ...{ kind: 'PoolList', apiVersion: 'v2', metadata: {} },
    items: [poolBody(parts.inventory())],
  }),
  showPool: ({ context }) => {
    checkPool(context.req.param('pool'), 'pool_name')
    return poolBody(parts.inventory())
  },
  listWorkloads: (call) => workloads(parts, call),
  listPoolNodes: async ({ context }) => {
    checkPool(context.req.param('pool'), 'pool_name')
    const items = nodeBodies(parts.inventory(), await parts.store.bookings())
    return { kind: 'NodeList', apiVersion: 'v2', metadata: {}, items }
  },
  monitorPool: async ({ context }) => {
    checkPool(context.req.param('pool'), 'pool_name')
    const free = freeHosts(parts.inventory(), await parts.store.bookings())
    const point = (value: number) => ({
      timestamp: parts.clock.now().getTime(),
      unit: 'Percent' as const,
      statistics: [{ statistic: 'average' as const, value }],
    })
    const metric = (
      metricName: 'cpuUsage' | 'memUsage' | 'npuUsage' | 'gpuUsage',
      what: Parameters<typeof bookedShare>[1],
    ) => ({
      metric: { metricName, dimensions: [{ name: 'pool', value: POOL }] },
      dataPoints: [point(bookedShare(free, what))],
    })
    return {
      metrics: [
        metric('cpuUsage', 'cpu'),
        metric('memUsage', 'memory'),
        metric('npuUsage', 'Ascend'),
        metric('gpuUsage', 'GPU'),
      ],
    }
  },
  listAuthorizations: () => ({ total_count: 1, auth: [EVERYBODY] }),
  listWorkspaces: async ({ context, query: { offset, limit, name } }) => {
    const { projectId } = context.get('principal')
    const ids = new Set(['0', ...(await parts.store.workspaces(projectId))])
    const all = [...ids].map(workspaceBody).filter((one) => one.name.includes(name))
    const workspaces = all.slice(offset, offset + limit)
    return { total_count: all.length, count: workspaces.length, workspaces }
  },
})

/** Jobs use the keys of their project: there is no agency to set up (modelarts.md §1.9). */
const EVERYBODY = {
  ...{ user_id: 'all-users', user_name: 'all-users', content: 'ropeway', create_time: 0 },
  type: 'agency' as const,
}

const workspaceBody = (id: string) => ({
  ...{ id, name: id === '0' ? 'default' : id, description: '', owner: '', create_time: 0, update_time: 0 },
  ...{ enterprise_project_id: '0', enterprise_project_name: 'default', status_info: '' },
  auth_type: 'PUBLIC' as const,
  status: 'NORMAL' as const,
})

type State = (typeof WORKLOAD_STATES)[number]
const LIVE: readonly Phase[] = ['Creating', 'Pending', 'Running', 'Terminating']

/** What jobs of a state are found by: one that is Pending has its hosts, one in the queue has not. */
function stateQuery(status: State | undefined): Pick<JobQuery, 'conditions' | 'placed'> {
  const phases = status === undefined ? LIVE : [status === 'Queue' ? 'Pending' : status]
  return {
    conditions: [{ key: 'phase', operator: 'in', values: phases }],
    ...(status === 'Queue' || status === 'Pending' ? { placed: status === 'Pending' } : {}),
  }
}

async function workloads(parts: ApiParts, { context, query }: Call<'listWorkloads'>) {
  checkPool(context.req.param('pool'), 'pool_name')
  const { status, ascend, offset, limit, hostip, type } = query
  const inventory = parts.inventory()
  const { count, items } =
    type === undefined || type === 'train'
      ? await parts.store.search(context.get('principal').projectId, {
          ...{ workspaceId: null, sortBy: 'create_time', order: ascend === 'true' ? 'asc' : 'desc' },
          ...{ skip: offset, limit, tags: [], ...stateQuery(status) },
          hostIds: hostip ? hostsWith([hostip], inventory) : null,
        })
      : { count: 0, items: [] }
  const nowMs = parts.clock.now().getTime()
  return {
    ...{ kind: 'WorkloadList' as const, apiVersion: 'v1' as const, metadata: {}, total: count },
    items: await Promise.all(
      items.map(async (job) => workloadBody(job, inventory, await parts.waiting.of(job), nowMs)),
    ),
  }
}
