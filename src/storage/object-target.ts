// Which object store, as whom, and in which of the dialects: what is configured, and what follows from it. Pure.
import { isIP } from 'node:net'
import type { WireAddress } from './wire/wire-address.ts'

/** How requests are signed: S3's V4 or V2, or OBS' own. `auto` asks the store first. */
export const DIALECTS = ['auto', 'v4', 'v2', 'obs'] as const
export type Dialect = (typeof DIALECTS)[number]

/** Where the bucket's name stands: in the path, or in front of the host's name. `auto` looks at the host. */
export const ADDRESSINGS = ['auto', 'path', 'host'] as const
export type Addressing = (typeof ADDRESSINGS)[number]

/** A store on the network, with keys. */
export type EndpointTarget = {
  /** Who asks, for messages; the access key when absent. */
  readonly name?: string | undefined
  readonly endpoint: string
  readonly accessKey: string
  readonly secretKey: string
  readonly sessionToken?: string | undefined
  readonly region?: string | undefined
  readonly dialect?: Dialect | undefined
  readonly addressing?: Addressing | undefined
  /** PEM text of the certificates to trust instead of the system's. */
  readonly ca?: string | undefined
  /** Connects here, whatever host the endpoint names. */
  readonly connectTo?: { readonly host: string; readonly port: number } | undefined
}

/** An address with keys, or a Unix socket whose path is the identity. */
export type ObjectTarget = EndpointTarget | { readonly socketPath: string }

/** Where one request goes. `bucketInHost` is the bucket when the host names it. */
export type Route = {
  readonly address: WireAddress
  readonly host: string
  readonly base: string
  readonly bucketInHost: string | undefined
}

const HOST_STYLE = /(^|\.)(amazonaws\.com(\.cn)?|myhuaweicloud\.(com|eu)|aliyuncs\.com)$/i

/** Whether the bucket's name can stand in front of this host's. */
function bucketGoesInHost(
  hostname: string,
  addressing: Addressing,
  dialect: Dialect,
  bucket: string,
): boolean {
  if (addressing !== 'auto') return addressing === 'host'
  if (isIP(hostname.replace(/^\[|\]$/g, '')) !== 0 || !hostname.includes('.')) return false
  // A certificate for *.host does not cover a name with dots.
  return !bucket.includes('.') && (dialect === 'obs' || HOST_STYLE.test(hostname))
}

/** Where a request for a bucket (or for the service) goes. `dialect` is the one that was negotiated. */
export function routeOf(target: ObjectTarget, dialect: Dialect, bucket: string | undefined): Route {
  if ('socketPath' in target) return { address: target, host: 'localhost', base: '', bucketInHost: undefined }
  const { protocol, hostname, port, pathname } = new URL(target.endpoint)
  const { addressing = 'auto', ca, connectTo } = target
  const inHost = bucket !== undefined && bucketGoesInHost(hostname, addressing, dialect, bucket)
  const name = inHost ? `${bucket}.${hostname}` : hostname
  const tls = protocol === 'https:'
  const number = port === '' ? (tls ? 443 : 80) : Number(port)
  const serverName = name.replace(/^\[|\]$/g, '')
  return {
    address: { ...(connectTo ?? { host: serverName, port: number }), serverName, tls, ca },
    host: port === '' ? name : `${name}:${port}`,
    base: pathname.replace(/\/+$/, ''),
    bucketInHost: inHost ? bucket : undefined,
  }
}

/** Who asks, for messages: never a secret. */
export const principalOf = (target: ObjectTarget): string =>
  'socketPath' in target ? 'this task' : (target.name ?? `access key ${target.accessKey}`)

/** The endpoint, for messages. */
export const endpointOf = (target: ObjectTarget): string =>
  'socketPath' in target ? 'the object server' : target.endpoint
