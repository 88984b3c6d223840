// Resource limits as text: `memlock=unlimited,stack=64Mi,nofile=65536:1048576`.
import { parseSize } from '../lib/size.ts'
import type { Ulimit } from './site.ts'

/** What engines know (Docker Engine API, HostConfig.Ulimits); true: counted in bytes. */
const NAMES: Readonly<Record<string, boolean>> = {
  core: true,
  cpu: false,
  data: true,
  fsize: true,
  locks: false,
  memlock: true,
  msgqueue: true,
  nice: false,
  nofile: false,
  nproc: false,
  rss: true,
  rtprio: false,
  rttime: false,
  sigpending: false,
  stack: true,
}
export const ULIMIT_NAMES = Object.keys(NAMES)
const UNLIMITED = -1

/** `SOFT[:HARD]`, each a number, a size where bytes count, or `unlimited`; a sentence when it cannot be one. */
export function parseUlimit(name: string, text: string): Ulimit | string {
  const inBytes = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined
  if (inBytes === undefined)
    return `got ${JSON.stringify(name.slice(0, 40))}; valid: ${ULIMIT_NAMES.join(', ')}`
  const values = text.split(':').map((part) => amountOf(part.trim(), inBytes))
  const [soft, hard = soft] = values
  if (values.length > 2 || soft === null || hard === null || soft === undefined || hard === undefined)
    return `got ${name}=${JSON.stringify(text.slice(0, 60))}; valid: ${inBytes ? 'a size such as 64Mi' : 'a number'} or "unlimited", also soft:hard`
  if (!isWithin(soft, hard))
    return `got ${name}=${JSON.stringify(text.slice(0, 60))}; valid: soft not above hard`
  return { name, soft, hard }
}

function amountOf(text: string, inBytes: boolean): number | null {
  if (text === 'unlimited' || text === '-1') return UNLIMITED
  if (inBytes) return parseSize(text)
  return /^\d{1,15}$/.test(text) ? Number(text) : null
}

/** -1 is more than any number. */
export const isWithin = (value: number, limit: number): boolean =>
  limit === UNLIMITED || (value !== UNLIMITED && value <= limit)

/** The last of each name wins. */
export const mergeUlimits = (...lists: readonly (readonly Ulimit[])[]): Ulimit[] => [
  ...new Map(lists.flat().map((limit) => [limit.name, limit])).values(),
]
