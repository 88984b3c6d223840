// Flavors: what can be asked for (row 18 of modelarts.md §1.2).
import type { Hono } from 'hono'
import { listFlavors } from '../accelerator/flavor.ts'
import { flavorQuery } from '../api/flavor.ts'
import { ROUTES } from '../api/routes.ts'
import { flavorBody } from './flavor-body.ts'
import { parseQuery } from './parse.ts'
import type { ApiEnv, ApiParts } from './parts.ts'

/** Adds the route to an application. */
export function flavorRoutes(app: Hono<ApiEnv>, parts: ApiParts): void {
  app.get(ROUTES.listFlavors.path, (context) => {
    const { flavor_type: type } = parseQuery(flavorQuery, context.req.query())
    const flavors = listFlavors(parts.inventory())
      .map(flavorBody)
      .filter((flavor) => !type || flavor.flavor_type === type)
    return context.json({ total_count: flavors.length, flavors })
  })
}
