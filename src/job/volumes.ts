// `spec.volumes`: shared folders of the administrator's list in a task (modelarts.md §1.3.3; v1's names in §2.2). Pure.
import { isIP } from 'node:net'
import { AppError } from '../api/error.ts'
import { TASK_PATHS } from '../api/task-constants.ts'
import { WRITABLE_DIRS } from './places.ts'
import type { Site, SiteVolume, VolumeSource } from './site.ts'

export type ContainerVolume = {
  readonly source: VolumeSource
  /** Absolute path in the task. */
  readonly target: string
  readonly readOnly: boolean
}

type RawVolume = Readonly<Record<string, unknown>>

const RESERVED = ['/proc', '/dev', '/sys', '/etc', TASK_PATHS.runtime, TASK_PATHS.runDir]

const isUnder = (path: string, parent: string): boolean =>
  path === parent || path.startsWith(parent === '/' ? '/' : `${parent}/`)

/** Throws AppError InvalidParam or NotSupported, naming the field, what came and what would be valid. */
export function volumesOf(volumes: readonly RawVolume[] | null | undefined, site: Site): ContainerVolume[] {
  const found = (volumes ?? []).map((volume, index) => volumeOf(volume, `spec.volumes[${index}]`, site))
  found.forEach(({ target }, index) => {
    const other = found.findIndex((volume) => volume.target === target)
    if (other !== index)
      invalid(`spec.volumes[${index}]`, JSON.stringify(target), `a path that spec.volumes[${other}] has not`)
  })
  return found
}

function volumeOf(volume: RawVolume, field: string, site: Site): ContainerVolume {
  const kinds = Object.keys(volume).filter((key) => volume[key] !== null && volume[key] !== undefined)
  const [kind = ''] = kinds
  const details = volume[kind]
  if (kinds.length !== 1 || typeof details !== 'object' || details === null)
    invalid(field, JSON.stringify(kinds), 'one of nfs, host_path')
  const at = `${field}.${kind}`
  const texts = details as RawVolume
  const target = pathOf(textOf(texts, at, ['local_path', 'dest_path']), `${at}.local_path`)
  checkTarget(target, `${at}.local_path`)
  const source = sourceOf(kind, texts, at)
  const rule = ruleFor(source, site, at)
  checkNotReplaceable(source, site, at)
  const asked = texts['read_only'] ?? rule.readOnly
  if (typeof asked !== 'boolean') invalid(`${at}.read_only`, JSON.stringify(asked), 'true or false')
  if (rule.readOnly && asked === false)
    invalid(`${at}.read_only`, 'false', 'true: the administrator lets jobs only read this folder')
  return { source, target, readOnly: asked === true }
}

function sourceOf(kind: string, details: RawVolume, at: string): VolumeSource {
  if (kind === 'host_path')
    return { kind, path: pathOf(textOf(details, at, ['src_path', 'host_path', 'path']), `${at}.src_path`) }
  if (kind === 'nfs') {
    const text = textOf(details, at, ['nfs_server_path', 'src_path'])
    const source = parseNfs(text)
    return source ?? invalid(`${at}.nfs_server_path`, JSON.stringify(text.slice(0, 200)), 'HOST:/path')
  }
  throw new AppError(
    'NotSupported',
    `${at}: this kind of volume is not supported; valid: nfs, host_path, or an input channel for object storage`,
  )
}

/** `10.0.0.1:/path`; null when it cannot be one. */
export function parseNfs(text: string): Extract<VolumeSource, { kind: 'nfs' }> | null {
  const match = /^(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]{1,253}):(\/.*)$/.exec(text)
  const server = match?.[1]?.replace(/^\[(.*)\]$/, '$1') ?? ''
  const path = match?.[2] ?? ''
  if (server === '' || wrongPath(path) !== null || path.includes(',')) return null
  return server.includes(':') && isIP(server) === 0 ? null : { kind: 'nfs', server, path }
}

/** The administrator's entry that a source is, or lies below; the longest wins. */
function ruleFor(source: VolumeSource, { volumes }: Site, at: string): SiteVolume {
  const rule = volumes
    .filter(({ source: allowed }) => covers(allowed, source))
    .sort((a, b) => b.source.path.length - a.source.path.length)[0]
  if (rule !== undefined) return rule
  const same = volumes.filter(({ source: allowed }) => allowed.kind === source.kind)
  const list = same.map(({ source: allowed }) => formatSource(allowed)).join(', ')
  return invalid(
    at,
    JSON.stringify(formatSource(source)),
    list === '' ? `none: the administrator allows no volume of kind ${source.kind}` : `below ${list}`,
  )
}

/**
 * A job that may write a folder may put a link in place of anything in it, between any look at the path and the mount, which
 * follows links: only what no job can replace is mounted.
 */
function checkNotReplaceable(source: VolumeSource, { volumes }: Site, at: string): void {
  const holder = writableAbove(source, volumes)
  if (holder !== null)
    invalid(
      at,
      JSON.stringify(formatSource(source)),
      `${formatSource(holder)} as a whole: jobs may write it, so one could put a link in place of what lies in it`,
    )
}

/** The folder of the list that jobs may write and that holds `source`, if there is one. */
export const writableAbove = (source: VolumeSource, volumes: readonly SiteVolume[]): VolumeSource | null =>
  volumes.find(
    ({ source: allowed, readOnly }) => !readOnly && allowed.path !== source.path && covers(allowed, source),
  )?.source ?? null

const covers = (allowed: VolumeSource, asked: VolumeSource): boolean =>
  isUnder(asked.path, allowed.path) &&
  (allowed.kind === 'host_path'
    ? asked.kind === 'host_path'
    : asked.kind === 'nfs' && asked.server === allowed.server)

export const formatSource = (source: VolumeSource): string =>
  source.kind === 'nfs' ? `${source.server}:${source.path}` : source.path

function textOf(details: RawVolume, at: string, names: readonly string[]): string {
  const name = names.find((candidate) => details[candidate] !== undefined) ?? names[0] ?? ''
  const value = details[name]
  if (typeof value === 'string') return value
  return invalid(`${at}.${name}`, value === undefined ? 'nothing' : JSON.stringify(value), 'a text')
}

/** Why a path cannot be used; null when it can. */
export function wrongPath(path: string): string | null {
  if (!path.startsWith('/')) return 'it is not absolute'
  if (path.length > 4000) return 'it is too long'
  if (/[\p{Cc}:]/u.test(path)) return 'it has control characters or a colon'
  const parts = path === '/' ? [] : path.slice(1).split('/')
  return parts.some((part) => part === '' || part === '.' || part === '..')
    ? 'it has empty parts, "." or ".."'
    : null
}

function pathOf(given: string, field: string): string {
  const path = given.length > 1 ? given.replace(/\/+$/, '') : given
  const why = wrongPath(path)
  if (why !== null)
    invalid(field, `${JSON.stringify(given.slice(0, 200))} (${why})`, 'an absolute path such as /data/sets')
  return path
}

/** A volume may lie inside the platform's folders, never over or around them. */
function checkTarget(target: string, field: string): void {
  const reserved = RESERVED.find((parent) => isUnder(target, parent))
  const hidden = [...RESERVED, ...WRITABLE_DIRS].find((path) => isUnder(path, target))
  const clash = reserved ?? hidden
  if (clash !== undefined)
    invalid(
      field,
      JSON.stringify(target),
      `a path that neither lies below nor covers ${clash}, such as /data`,
    )
}

function invalid(field: string, got: string, valid: string): never {
  throw new AppError('InvalidParam', `${field}: got ${got}; valid: ${valid}`)
}
