// What a job can be made of (modelarts.md §1.7).
import { engineList } from '../engine.ts'
import { flavorList, flavorQuery } from '../flavor.ts'
import { poolFlavor, poolFlavorQuery } from '../pool.ts'
import type { Route } from '../route.ts'

export const CATALOGUE_ROUTES = {
  listFlavors: {
    method: 'GET',
    path: '/v2/:project/training-job-flavors',
    success: 200,
    summary: 'Lists the sizes that a task can have.',
    permission: 'modelarts:trainJob:get',
    role: 'viewer',
    query: flavorQuery,
    answer: flavorList,
    example: { query: { flavor_type: 'Ascend' } },
  },
  listEngines: {
    method: 'GET',
    path: '/v2/:project/training-job-engines',
    success: 200,
    summary: 'Lists the preset engines of the installation.',
    permission: 'modelarts:trainJob:get',
    role: 'viewer',
    answer: engineList,
  },
  showPoolFlavor: {
    method: 'GET',
    path: '/v2/:project/training-pool-flavors',
    success: 200,
    summary: 'Shows the cores and memory that a task of a flavor can have at most, now.',
    permission: 'modelarts:pool:get',
    role: 'viewer',
    query: poolFlavorQuery,
    answer: poolFlavor,
    errors: ['PoolNotFound', 'FlavorNotFound'],
    example: { query: { pool_id: 'default', flavor_id: 'ropeway.cpu.1' } },
  },
} as const satisfies Record<string, Route>
