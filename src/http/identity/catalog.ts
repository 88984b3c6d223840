// The catalog of services that comes with a token: where a client finds what it was written for.
import type { CatalogEntry } from '../../api/iam.ts'
import type { ApiContext } from '../parts.ts'

/** Where this installation is, for people outside. null: where the request came to. */
export type Addresses = {
  readonly region: string
  readonly api: string | null
  readonly objects: string | null
  /** Where the object server listens. */
  readonly objectsHere: string
  readonly isTls: boolean
  /** Addresses whose X-Forwarded-For is believed. */
  readonly proxies: readonly string[]
}

/** The API's address as the caller knows it, without a slash at its end. */
export function apiAddress({ api, isTls }: Addresses, context: ApiContext): string {
  if (api !== null) return api
  return `${isTls ? 'https' : 'http'}://${new URL(context.req.raw.url).host}`
}

/** The object server's: on the host that the caller knows, with the port that it listens on. */
function objectAddress({ objects, objectsHere }: Addresses, context: ApiContext): string {
  if (objects !== null) return objects
  const url = new URL(objectsHere)
  url.hostname = new URL(context.req.raw.url).hostname
  return url.origin
}

/** `projectId` null: the services that need no project. Types as python-openstackclient and otcextensions look for them. */
export function catalogOf(
  addresses: Addresses,
  context: ApiContext,
  projectId: string | null,
  region: string,
): CatalogEntry[] {
  const api = apiAddress(addresses, context)
  const services: [type: string, name: string, url: string][] = [
    ['identity', 'iam', `${api}/v3`],
    ['object', 'obs', objectAddress(addresses, context)],
  ]
  if (projectId !== null)
    services.push(
      ['modelarts', 'modelarts', `${api}/v1/${projectId}`],
      ['modelartsv1', 'modelarts', `${api}/v1/${projectId}`],
      ['modelartsv2', 'modelarts', `${api}/v2/${projectId}`],
    )
  return services.map(([type, name, url]) => ({
    ...{ id: type, type, name },
    endpoints: [{ id: `${type}-${region}`, interface: 'public', region, region_id: region, url }],
  }))
}
