// Flags and environment → one frozen, typed Config; the only reader of the server's environment.
import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { parseSimulate, type SimulateSpec } from './accelerator/simulated.ts'

export type Endpoint = { readonly host: string; readonly port: number }

export type Config = {
  readonly dataDir: string
  readonly listen: Endpoint
  readonly objects: Endpoint
  readonly backend: 'auto' | 'docker' | 'host' | 'fake'
  /** DOCKER_HOST: where the container engine listens unless the site says it. */
  readonly dockerHost: string | null
  readonly simulate: SimulateSpec | null
  /** Stands for `/` where devices and their drivers are looked for. */
  readonly deviceRoot: string
  /** `postgres://…`; null: SQLite in the data folder. */
  readonly databaseUrl: string | null
  /** What the catalog of services calls this place. */
  readonly region: string
  /** Where clients outside find the API and the object store, when that is not where they listen. */
  readonly publicUrl: string | null
  readonly publicObjectsUrl: string | null
  /** PEM files; null: requests come in the clear. */
  readonly tls: { readonly cert: string; readonly key: string } | null
  /** Addresses whose X-Forwarded-For is believed. */
  readonly proxies: readonly string[]
  /** How often the health of real devices is looked at. */
  readonly deviceIntervalMs: number
  /** The administrator's file, when one was named. */
  readonly siteFile: string | null
  readonly logLevel: string
  /** Of the package. */
  readonly version: string
  /** For the crash tests only: the process kills itself when it reaches this point. */
  readonly faultPoint: string | null
}

export type ServeFlags = {
  readonly data?: string | undefined
  readonly listen?: string | undefined
  readonly objects?: string | undefined
  readonly backend?: string | undefined
  readonly simulate?: string | undefined
  readonly site?: string | undefined
  readonly region?: string | undefined
  readonly publicUrl?: string | undefined
  readonly publicObjectsUrl?: string | undefined
  readonly tlsCert?: string | undefined
  readonly tlsKey?: string | undefined
  readonly proxies?: string | undefined
  readonly database?: string | undefined
  /** Of the package; not a flag. */
  readonly version: string
}

const BACKENDS = ['auto', 'docker', 'host', 'fake'] as const

/** A flag or variable with a value that cannot be used; the message names it, what came and what is valid. */
export class ConfigError extends Error {}

/** Flags win over the environment, the environment over defaults. Throws ConfigError. */
export function readConfig(flags: ServeFlags, env: Readonly<Record<string, string | undefined>>): Config {
  const backend = flags.backend ?? 'auto'
  if (!(BACKENDS as readonly string[]).includes(backend)) {
    throw new ConfigError(`--backend: got ${JSON.stringify(backend)}; valid: ${BACKENDS.join(', ')}`)
  }
  return Object.freeze({
    dataDir: resolve(flags.data ?? env['ROPEWAY_DATA'] ?? defaultDataDir(env)),
    listen: endpoint('--listen', flags.listen ?? '127.0.0.1:8470'),
    objects: endpoint('--objects', flags.objects ?? '127.0.0.1:8471'),
    backend: backend as Config['backend'],
    dockerHost: env['DOCKER_HOST'] || null,
    deviceRoot: resolve(env['ROPEWAY_DEVICE_ROOT'] || '/'),
    deviceIntervalMs: seconds('ROPEWAY_DEVICE_INTERVAL', env['ROPEWAY_DEVICE_INTERVAL'], 30) * 1000,
    databaseUrl: databaseUrl(flags.database ?? env['ROPEWAY_DATABASE']),
    region: flags.region ?? 'ropeway',
    publicUrl: publicUrl('--public-url', flags.publicUrl),
    publicObjectsUrl: publicUrl('--public-objects-url', flags.publicObjectsUrl),
    tls: tlsFiles(flags),
    proxies: proxies(flags.proxies),
    siteFile: flags.site === undefined ? null : resolve(flags.site),
    simulate: flags.simulate === undefined ? null : parseSimulate(flags.simulate),
    logLevel: env['ROPEWAY_LOG_LEVEL'] ?? 'info',
    faultPoint: env['ROPEWAY_FAULT_POINT'] ?? null,
    version: flags.version,
  })
}

/** Where a user's data lives: the XDG data folder. */
export const defaultDataDir = (env: Readonly<Record<string, string | undefined>>): string =>
  join(env['XDG_DATA_HOME'] || join(env['HOME'] || '/root', '.local', 'share'), 'ropeway')

/** The message shows no more than the scheme: the rest may hold a password. */
function databaseUrl(text: string | undefined): string | null {
  if (text === undefined || text === '') return null
  if (/^postgres(ql)?:\/\//.test(text)) return text
  const scheme = /^([a-z0-9+.-]{1,20}):/i.exec(text)?.[1]
  throw new ConfigError(
    `--database: got ${scheme === undefined ? 'no URL' : `a URL that begins with ${JSON.stringify(scheme)}`}; valid: postgres://USER@HOST/DATABASE`,
  )
}

function seconds(name: string, text: string | undefined, usual: number): number {
  const value = Number(text || usual)
  if (value >= 0.1 && value <= 86_400) return value
  throw new ConfigError(`${name}: got ${JSON.stringify(text)}; valid: seconds from 0.1 to 86400`)
}

/** Without a slash at its end. */
function publicUrl(flag: string, text: string | undefined): string | null {
  if (text === undefined) return null
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search !== '')
    throw new ConfigError(
      `${flag}: got ${JSON.stringify(text)}; valid: https://HOST or http://HOST, with a port where needed`,
    )
  return url.origin
}

function tlsFiles({ tlsCert: cert, tlsKey: key }: ServeFlags): Config['tls'] {
  if (cert === undefined && key === undefined) return null
  if (cert !== undefined && key !== undefined) return { cert: resolve(cert), key: resolve(key) }
  throw new ConfigError(
    `${cert === undefined ? '--tls-cert' : '--tls-key'}: missing; valid: both, or neither`,
  )
}

function proxies(text: string | undefined): string[] {
  const all = (text ?? '').split(',').filter((one) => one !== '')
  const wrong = all.find((one) => isIP(one) === 0)
  if (wrong === undefined) return all
  throw new ConfigError(`--proxies: got ${JSON.stringify(wrong)}; valid: IP addresses, with commas between`)
}

function endpoint(flag: string, text: string): Endpoint {
  const match = /^(.*):(\d{1,5})$/.exec(text)
  const port = Number(match?.[2])
  const host = match?.[1]?.replace(/^\[(.*)\]$/, '$1')
  if (!host || port > 65_535)
    throw new ConfigError(
      `${flag}: got ${JSON.stringify(text)}; valid: ADDRESS:PORT, port 0 picks a free one`,
    )
  return { host, port }
}
