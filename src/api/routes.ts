// One table of every route. Server, client, docs and tests read it; each resource has a file in routes/.
import type { Route } from './route.ts'
import { ALGORITHM_ROUTES } from './routes/algorithms.ts'
import { CATALOGUE_ROUTES } from './routes/catalogues.ts'
import { EVENT_ROUTES } from './routes/events.ts'
import { EXPERIMENT_ROUTES } from './routes/experiments.ts'
import { IAM_ROUTES } from './routes/iam.ts'
import { IDENTITY_ROUTES } from './routes/identity.ts'
import { JOB_CALL_ROUTES } from './routes/job-calls.ts'
import { LOG_ROUTES } from './routes/logs.ts'
import { OWN_ROUTES } from './routes/own.ts'
import { POOL_ROUTES } from './routes/pools.ts'
import { QUOTA_ROUTES } from './routes/quotas.ts'
import { REFUSED_ROUTES } from './routes/refused.ts'
import { REGISTRY_ROUTES } from './routes/registries.ts'
import { STORAGE_CONNECTION_ROUTES } from './routes/storage-connections.ts'
import { TAG_ROUTES } from './routes/tags.ts'
import { TRAINING_JOB_ROUTES } from './routes/training-jobs.ts'

export const ROUTES = {
  ...TRAINING_JOB_ROUTES,
  ...JOB_CALL_ROUTES,
  ...EVENT_ROUTES,
  ...LOG_ROUTES,
  ...CATALOGUE_ROUTES,
  ...QUOTA_ROUTES,
  ...ALGORITHM_ROUTES,
  ...EXPERIMENT_ROUTES,
  ...TAG_ROUTES,
  ...POOL_ROUTES,
  ...REFUSED_ROUTES,
  ...OWN_ROUTES,
  ...REGISTRY_ROUTES,
  ...STORAGE_CONNECTION_ROUTES,
  ...IAM_ROUTES,
  ...IDENTITY_ROUTES,
} as const satisfies Record<string, Route>

export type RouteName = keyof typeof ROUTES

export const routeOf = (name: RouteName): Route => ROUTES[name]

/** Fills a route's path; each value becomes one encoded segment. */
export function routePath(name: RouteName, params: Readonly<Record<string, string>>): string {
  return ROUTES[name].path.replace(/:([a-z]+)/g, (_, key: string) => encodeURIComponent(params[key] ?? ''))
}
