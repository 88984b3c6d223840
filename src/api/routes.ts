// One table of every route. Server, client, docs and tests read it; each resource has a file in routes/.
import type { Route } from './route.ts'
import { CATALOGUE_ROUTES } from './routes/catalogues.ts'
import { EVENT_ROUTES } from './routes/events.ts'
import { IAM_ROUTES } from './routes/iam.ts'
import { IDENTITY_ROUTES } from './routes/identity.ts'
import { LOG_ROUTES } from './routes/logs.ts'
import { OWN_ROUTES } from './routes/own.ts'
import { REGISTRY_ROUTES } from './routes/registries.ts'
import { TRAINING_JOB_ROUTES } from './routes/training-jobs.ts'

export const ROUTES = {
  ...TRAINING_JOB_ROUTES,
  ...EVENT_ROUTES,
  ...LOG_ROUTES,
  ...CATALOGUE_ROUTES,
  ...OWN_ROUTES,
  ...REGISTRY_ROUTES,
  ...IAM_ROUTES,
  ...IDENTITY_ROUTES,
} as const satisfies Record<string, Route>

export type RouteName = keyof typeof ROUTES

export const routeOf = (name: RouteName): Route => ROUTES[name]

/** Fills a route's path; each value becomes one encoded segment. */
export function routePath(name: RouteName, params: Readonly<Record<string, string>>): string {
  return ROUTES[name].path.replace(/:([a-z]+)/g, (_, key: string) => encodeURIComponent(params[key] ?? ''))
}
