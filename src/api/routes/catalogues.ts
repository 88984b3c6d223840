// What a job can be made of (modelarts.md §1.7).
import { flavorList, flavorQuery } from '../flavor.ts'
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
} as const satisfies Record<string, Route>
