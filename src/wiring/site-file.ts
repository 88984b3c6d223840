// The administrator's file (YAML) → Site. Unknown keys are refused with the nearest name, every error names the line.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Document, isMap, LineCounter, type Node, parseDocument } from 'yaml'
import { z } from 'zod'
import type { Inventory } from '../accelerator/device.ts'
import { ConfigError } from '../config.ts'
import {
  type ContainerDefaults,
  DEFAULT_SITE,
  PULL_POLICIES,
  type Site,
  type SiteVolume,
  type Ulimit,
} from '../job/site.ts'
import { parseUlimit } from '../job/ulimits.ts'
import { parseNfs, wrongPath } from '../job/volumes.ts'
import { nearestName } from '../lib/nearest-name.ts'
import { parseSize } from '../lib/size.ts'
import { type CheckedSite, checkSite } from './site-file-checks.ts'
import { enginesFile } from './site-file-engines.ts'

export const SITE_FILE = 'site.yaml'

const size = z.union([z.string(), z.number()]).transform((value, context) => {
  const bytes = parseSize(String(value))
  if (bytes !== null) return bytes
  context.addIssue({ code: 'custom', message: 'must be a size such as 8Gi, 512Mi or 4096' })
  return z.NEVER
})

/** Less would be less than Docker's own, or, as 0, exactly that. */
const shmSize = size.refine((bytes) => bytes >= 64 << 20, 'must be at least 64Mi')

const path = z.string().superRefine((value, context) => {
  const why = value === '/' ? 'not the whole machine' : wrongPath(value)
  if (why !== null) context.addIssue({ code: 'custom', message: `must be an absolute path: ${why}` })
})

const ulimits = z.record(z.string(), z.union([z.string(), z.number()])).transform((value, context) =>
  Object.entries(value).flatMap(([name, text]): Ulimit[] => {
    const limit = parseUlimit(name, String(text))
    if (typeof limit !== 'string') return [limit]
    context.addIssue({ code: 'custom', path: [name], message: limit })
    return []
  }),
)

const capability = z
  .string()
  .regex(/^(?!(CAP_)?ALL$)(CAP_)?[A-Za-z_]+$/i, 'must be the name of one capability such as IPC_LOCK')
  .transform((name) => name.toUpperCase().replace(/^CAP_/, ''))

const device = z
  .string()
  .regex(/^\/dev\/[A-Za-z0-9_./-]+\*?$/, 'must be a device file such as /dev/infiniband/uverbs0')

const container = z.strictObject({
  shm_size: shmSize.optional(),
  cpu_limit: z.boolean().optional(),
  ulimits: ulimits.optional(),
  devices: z.array(device).optional(),
  capabilities: z.array(capability).optional(),
})

const volume = z
  .strictObject({
    host_path: path.optional(),
    nfs: z
      .string()
      .refine((text) => parseNfs(text) !== null, 'must be HOST:/path')
      .optional(),
    read_only: z.boolean().default(true),
  })
  .refine(
    ({ host_path, nfs }) => (host_path === undefined) !== (nfs === undefined),
    'must have either host_path or nfs',
  )

const user = z
  .union([z.string(), z.number()])
  .refine((value) => /^(0|[1-9]\d{0,8})$/.test(String(value)), 'must be a uid from 0 to 999999999')
  .transform(Number)

/** What the file may say; docs/site.example.yaml shows every key. */
export const siteFile = z
  .strictObject({
    run_user: user.optional(),
    pull_policy: z.enum(PULL_POLICIES).optional(),
    container: container.optional(),
    flavors: z.record(z.string(), container).optional(),
    allow: z
      .strictObject({
        root: z.boolean().optional(),
        host_network: z.boolean().optional(),
        pull_policies: z.array(z.enum(PULL_POLICIES)).optional(),
        shm_size: size.optional(),
        devices: z.array(device).optional(),
        capabilities: z.array(capability).optional(),
        ulimits: ulimits.optional(),
      })
      .optional(),
    volumes: z.array(volume).optional(),
    engines: enginesFile.optional(),
    log_export_paths: z.array(path).optional(),
    cache_dir: path.optional(),
    docker: z
      .strictObject({
        socket: path.optional(),
        network_range: z.cidrv4('must be an IPv4 range such as 10.212.0.0/16').optional(),
        internal_networks: z.boolean().optional(),
      })
      .optional(),
    code: z
      .strictObject({
        max_size: size.optional(),
        max_files: z.number().int().positive().optional(),
        max_depth: z.number().int().positive().optional(),
      })
      .optional(),
    api: z
      .strictObject({
        requests_per_second: z.number().positive().optional(),
        burst: z.number().int().positive().optional(),
      })
      .optional(),
    disk: z
      .strictObject({
        min_free: size.optional(),
        cache_size: size.optional(),
        cache_over: z.enum(['warn', 'stop']).optional(),
        input_size: size.optional(),
        job_log_size: size.refine((bytes) => bytes >= 1 << 20, 'must be at least 1Mi').optional(),
        log_size: size.optional(),
        log_days: z.number().positive().optional(),
      })
      .optional(),
  })
  .refine(({ run_user, allow }) => run_user !== 0 || allow?.root === true, {
    path: ['run_user'],
    message: 'must not be root unless allow.root is true',
  })
type SiteFile = z.infer<typeof siteFile>

/**
 * Reads the file named, or DIR/site.yaml when it is there, or nothing, and holds it against this machine. Without an
 * inventory its flavors are not looked at. Throws ConfigError.
 */
export function loadSite(
  named: string | null,
  dataDir: string,
  inventory: Inventory | null = null,
): CheckedSite & { readonly file: string | null } {
  const usual = join(dataDir, SITE_FILE)
  const file = named ?? (existsSync(usual) ? usual : null)
  if (file === null) return { site: DEFAULT_SITE, file, warnings: [] }
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new ConfigError(`--site: ${file} cannot be read: ${(cause as Error).message}`, { cause })
  }
  return { ...checkSite(parseSite(text, file), file, dataDir, inventory), file }
}

/** Throws ConfigError that names file, line, key, what came and what is valid. */
export function parseSite(text: string, file: string): Site {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true })
  const broken = document.errors[0]
  if (broken) throw new ConfigError(`--site: ${file}: ${broken.message.split('\n')[0]}`)
  const read = siteFile.safeParse(document.toJS() ?? {})
  if (read.success) return siteOf(read.data)
  const issue = read.error.issues[0]
  throw new ConfigError(`--site: ${file}${issue ? describe(issue, document, lines) : ''}`)
}

function describe(issue: z.core.$ZodIssue, document: Document, lines: LineCounter): string {
  const at = issue.path.map(String)
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  const place = lineOf(document, lines, unknown === undefined ? at : [...at, unknown])
  const key = [...at, ...(unknown === undefined ? [] : [unknown])].join('.')
  if (unknown !== undefined) {
    const known = knownKeys(at)
    const near = nearestName(unknown, known)
    return `${place}: ${key} is unknown${near === undefined ? '' : `; did you mean "${near}"?`} valid: ${known.join(', ')}`
  }
  // Limits say themselves what came.
  if (issue.message.startsWith('got ')) return `${place}: ${key}: ${issue.message}`
  const came = at.length === 0 ? document.toJS() : document.getIn(at.map(asIndex))
  const got = JSON.stringify(came ?? null)
  return `${place}: ${key || 'the file'}: got ${got.slice(0, 200)}; ${issue.message}`
}

const asIndex = (part: string): string | number => (/^\d+$/.test(part) ? Number(part) : part)

/** `:LINE`, of the key itself where it is one. */
function lineOf(document: Document, lines: LineCounter, at: readonly string[]): string {
  for (let length = at.length; length > 0; length--) {
    const path = at.slice(0, length).map(asIndex)
    const parent = document.getIn(path.slice(0, -1), true) as Node | undefined
    const pair = isMap(parent)
      ? parent.items.find(
          (item) => String((item.key as { value?: unknown } | null)?.value) === String(path.at(-1)),
        )
      : undefined
    const node = (pair?.key ?? document.getIn(path, true)) as Node | undefined
    if (node?.range) return `:${lines.linePos(node.range[0]).line}`
  }
  return ''
}

function knownKeys(at: readonly string[]): string[] {
  const shapes: Readonly<Record<string, z.ZodObject>> = {
    '': siteFile,
    container,
    allow: siteFile.shape.allow.unwrap(),
    docker: siteFile.shape.docker.unwrap(),
    api: siteFile.shape.api.unwrap(),
    code: siteFile.shape.code.unwrap(),
    disk: siteFile.shape.disk.unwrap(),
    flavors: container,
  }
  const shape = shapes[at[0] ?? '']
  return shape ? Object.keys(shape.shape) : ['host_path', 'nfs', 'read_only']
}

function siteOf(file: SiteFile): Site {
  const { allow, docker, code, api, disk } = DEFAULT_SITE
  return {
    pullPolicy: file.pull_policy ?? DEFAULT_SITE.pullPolicy,
    runUser: file.run_user ?? DEFAULT_SITE.runUser,
    deviceFiles: DEFAULT_SITE.deviceFiles,
    container: { ...DEFAULT_SITE.container, ...withoutCores(containerOf(file.container ?? {})) },
    flavors: Object.fromEntries(
      Object.entries(file.flavors ?? {}).map(([id, entry]) => [id, containerOf(entry)]),
    ),
    allow: {
      root: file.allow?.root ?? allow.root,
      hostNetwork: file.allow?.host_network ?? allow.hostNetwork,
      shmBytes: file.allow?.shm_size ?? allow.shmBytes,
      pullPolicies: file.allow?.pull_policies ?? allow.pullPolicies,
      devices: file.allow?.devices ?? allow.devices,
      capabilities: file.allow?.capabilities ?? allow.capabilities,
      ulimits: Object.fromEntries((file.allow?.ulimits ?? []).map(({ name, hard }) => [name, hard])),
    },
    volumes: (file.volumes ?? []).map(volumeRule),
    engines: file.engines ?? [],
    logExportPaths: file.log_export_paths ?? [],
    cacheDir: file.cache_dir ?? null,
    docker: {
      socket: file.docker?.socket ?? docker.socket,
      networkRange: file.docker?.network_range ?? docker.networkRange,
      internalNetworks: file.docker?.internal_networks ?? docker.internalNetworks,
    },
    code: {
      maxBytes: file.code?.max_size ?? code.maxBytes,
      maxFiles: file.code?.max_files ?? code.maxFiles,
      maxDepth: file.code?.max_depth ?? code.maxDepth,
    },
    api: rateOf(file.api?.requests_per_second ?? api.perSecond, file.api?.burst),
    disk: {
      minFreeBytes: file.disk?.min_free ?? disk.minFreeBytes,
      cacheBytes: file.disk?.cache_size ?? disk.cacheBytes,
      cacheOver: file.disk?.cache_over ?? disk.cacheOver,
      inputBytes: file.disk?.input_size ?? disk.inputBytes,
      jobLogBytes: file.disk?.job_log_size ?? disk.jobLogBytes,
      ...{ logBytes: file.disk?.log_size ?? disk.logBytes, logDays: file.disk?.log_days ?? disk.logDays },
    },
  }
}

/** Twice the rate at once where nothing is said. */
const rateOf = (perSecond: number, burst = Math.ceil(2 * perSecond)): Site['api'] => ({ perSecond, burst })

/** What the file does not name is left out, so that it hides no default. */
function containerOf({
  shm_size,
  cpu_limit,
  ...rest
}: z.infer<typeof container>): Partial<ContainerDefaults> {
  const named = Object.entries({ shmBytes: shm_size, cpuLimit: cpu_limit, ...rest })
  return Object.fromEntries(named.filter(([, value]) => value !== undefined))
}

/** Cores are dumped only where the file says so. */
function withoutCores(named: Partial<ContainerDefaults>): Partial<ContainerDefaults> {
  const { ulimits: limits } = named
  if (limits === undefined) return named
  const usual = DEFAULT_SITE.container.ulimits.filter(({ name }) => !limits.some((own) => own.name === name))
  return { ...named, ulimits: [...usual, ...limits] }
}

function volumeRule(entry: z.infer<typeof volume>): SiteVolume {
  if (entry.host_path !== undefined)
    return { source: { kind: 'host_path', path: entry.host_path }, readOnly: entry.read_only }
  const source = parseNfs(entry.nfs ?? '')
  if (source === null) throw new ConfigError(`volumes: got ${JSON.stringify(entry.nfs)}; valid: HOST:/path`)
  return { source, readOnly: entry.read_only }
}
