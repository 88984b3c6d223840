// `obs cp` and `obs sync`: decides what moves and what goes, and then either says so (--dry-run) or does it.
import { join, resolve } from 'node:path'
import type { ObjectClient } from '../../storage/object-client.ts'
import { folderPrefix, formatObjectUrl, type ObjectUrl } from '../../storage/object-url.ts'
import { downloadObject } from '../../storage/transfer/download.ts'
import { planDownload } from '../../storage/transfer/plan-download.ts'
import { planUpload } from '../../storage/transfer/plan-upload.ts'
import { runCopy } from '../../storage/transfer/run-copy.ts'
import { runDownload } from '../../storage/transfer/run-download.ts'
import { runUpload } from '../../storage/transfer/run-upload.ts'
import type { Skipped, TransferCounts, TransferOptions } from '../../storage/transfer/transfer-types.ts'
import { walkFolder } from '../../storage/transfer/walk-folder.ts'
import { CliError } from '../errors.ts'
import { baseName, keyBelow, keyForOne, type Place } from './plan.ts'
import { goneObjects, type Removal, refuseOverlap, removeFiles, takeFiles } from './removal.ts'
import { heldBack, type Rule, select } from './select.ts'
import { absent, byName, listBelow, listSource, localFiles, statLocal } from './sides.ts'

export type CopyOptions = Omit<TransferOptions, 'bucket' | 'signal'> & {
  readonly client: ObjectClient
  readonly signal: AbortSignal
  /** Takes away at the source what has arrived. */
  readonly move?: boolean | undefined
  /** Told of each step instead of doing it. */
  readonly onPlanned?: ((step: PlannedStep) => Promise<void>) | undefined
}

/** One thing that would be done. */
export type PlannedStep =
  | { readonly kind: 'copy'; readonly from: string; readonly to: string; readonly bytes: number }
  | { readonly kind: 'remove'; readonly what: string }

export type CopyResult = Partial<Pick<TransferCounts, 'kept'>> &
  Pick<TransferCounts, 'files' | 'bytes'> & {
    readonly unchanged: number
    readonly removed: number
    readonly skipped: readonly Skipped[]
  }

type Step = PlannedStep & { readonly kind: 'copy' }
type Work = {
  readonly steps: readonly Step[]
  readonly run: () => Promise<TransferCounts>
  readonly unchanged: number
  readonly gone: readonly string[]
  readonly removal: Removal
  readonly skipped: readonly Skipped[]
}

const nothingHeld = (): boolean => false
const nothingGoes: Removal = async () => []

/** Copies the contents of a folder as `rule` says. Throws CliError and what transfers throw. */
export async function copyFolder(
  from: Place,
  to: Place,
  rule: Rule,
  options: CopyOptions,
): Promise<CopyResult> {
  if (from.kind === 'local' && to.kind === 'object') {
    const isFile = (await statLocal(from.path))?.isFile() === true
    if (isFile && !rule.onlyChanged) return copyOne(from, { ...to, url: asFolder(to.url) }, options)
    return perform(await planUp(from.path, to.url, rule, options), options)
  }
  if (from.kind === 'object' && to.kind === 'local')
    return perform(await planDown(from.url, to.path, rule, options), options)
  if (from.kind === 'object' && to.kind === 'object')
    return perform(await planInside(from.url, to.url, rule, options), options)
  throw new CliError('Neither side is an object', 'Write obs://bucket/key on at least one side.')
}

const asFolder = ({ bucket, key }: ObjectUrl): ObjectUrl => ({ bucket, key: folderPrefix(key) })

/** Copies one file or object. Throws CliError and what transfers throw. */
export async function copyOne(from: Place, to: Place, options: CopyOptions): Promise<CopyResult> {
  const { client, signal } = options
  if (from.kind === 'local' && to.kind === 'object') {
    const facts = await statLocal(from.path)
    if (!facts) throw absent(from.path)
    if (facts.isDirectory()) throw new CliError(`${from.path} is a folder`, 'Copy folders with -r.')
    const key = keyForOne(to.url, baseName(from.path))
    const { bucket } = to.url
    const step = stepOf(from.path, formatObjectUrl({ bucket, key }), facts.size)
    const path = resolve(from.path)
    const files = [{ name: baseName(path), path, size: facts.size, modifiedMs: facts.mtimeMs, key }]
    const run = () =>
      runUpload({ files, markers: [], skipped: [] }, { ...options, bucket, source: `${path} as ${key}` })
    const source = { gone: [from.path], removal: takeFiles(files, (file) => file.path, signal) }
    return perform({ ...one(step, run), ...(options.move ? source : {}) }, options)
  }
  if (from.kind !== 'object')
    throw new CliError('Neither side is an object', 'Write obs://bucket/key on at least one side.')
  const { bucket, key } = from.url
  const name = baseName(key)
  const facts = await client.head(bucket, key, { signal })
  if (!facts)
    throw new CliError(
      `There is no object ${formatObjectUrl(from.url)}`,
      `Folders are copied with -r. See what is there: ropeway obs ls obs://${bucket}/`,
      1,
    )
  const source = options.move ? goneObjects(client, bucket, [key], signal) : {}
  if (to.kind === 'local') {
    const isFolder = to.path.endsWith('/') || (await statLocal(to.path))?.isDirectory() === true
    const path = isFolder ? join(to.path, name) : to.path
    const step = stepOf(formatObjectUrl(from.url), path, facts.size)
    const run = () => downloadObject({ ...options, bucket, key, path })
    return perform({ ...one(step, run), ...source }, options)
  }
  const pair = {
    from: from.url,
    to: { bucket: to.url.bucket, key: keyForOne(to.url, name) },
    size: facts.size,
    etag: facts.etag,
  }
  const step = stepOf(formatObjectUrl(from.url), formatObjectUrl(pair.to), facts.size)
  if (options.move) refuseOverlap(from.url, pair.to)
  return perform({ ...one(step, () => runCopy([pair], options)), ...source }, options)
}

/** Work of one step that removes nothing. */
const one = (step: Step, run: Work['run']): Work => ({
  ...{ steps: [step], run, unchanged: 0, gone: [], removal: nothingGoes, skipped: [] },
})

const stepOf = (from: string, to: string, bytes: number): Step => ({ kind: 'copy', from, to, bytes })

async function perform(work: Work, options: CopyOptions): Promise<CopyResult> {
  const { steps, unchanged, gone, skipped } = work
  const { onPlanned } = options
  if (onPlanned) {
    for (const step of steps) await onPlanned(step)
    for (const what of gone) await onPlanned({ kind: 'remove', what })
    const bytes = steps.reduce((sum, step) => sum + step.bytes, 0)
    return { files: steps.length, bytes, unchanged, removed: gone.length, skipped }
  }
  const { files, bytes, kept, skipped: leftOut } = await work.run()
  // Only now: a transfer that failed removes nothing.
  const stayed = await work.removal(leftOut)
  const all = [...leftOut, ...stayed]
  return { files, bytes, kept, skipped: all, unchanged, removed: gone.length - stayed.length }
}

async function planUp(dir: string, to: ObjectUrl, rule: Rule, options: CopyOptions): Promise<Work> {
  if (!(await statLocal(dir))) throw absent(dir)
  const { client, signal } = options
  const prefix = folderPrefix(to.key)
  const walk = await walkFolder(dir, prefix, signal)
  const listed = rule.onlyChanged || rule.remove ? await listBelow(to, options) : []
  const held = heldBack(walk.skipped, walk.emptyFolders)
  const { take, unchanged, remove } = select(walk.files, byName(listed), held, rule)
  const emptyFolders = walk.emptyFolders.filter((folder) => rule.passes(`${folder}/`))
  const skipped = walk.skipped.filter(({ name }) => rule.passes(name))
  const plan = planUpload({ files: [...take], emptyFolders, skipped }, prefix)
  const url = (name: string) => formatObjectUrl({ bucket: to.bucket, key: prefix + name })
  const at = ({ name }: { readonly name: string }): string => join(dir, name)
  return {
    steps: take.map(({ name, size }) => stepOf(join(dir, name), url(name), size)),
    run: () => runUpload(plan, { ...options, bucket: to.bucket, source: `${resolve(dir)} as ${prefix}` }),
    unchanged,
    ...(options.move
      ? { gone: take.map(({ name }) => join(dir, name)), removal: takeFiles(take, at, signal) }
      : goneObjects(
          client,
          to.bucket,
          remove.map((name) => prefix + name),
          signal,
        )),
    skipped,
  }
}

async function planDown(from: ObjectUrl, dir: string, rule: Rule, options: CopyOptions): Promise<Work> {
  const { client, signal } = options
  const objects = await listSource(from, options)
  const prefix = folderPrefix(from.key)
  // Planned before they are chosen: a key that would leave the folder is refused whatever the filters say.
  const all = planDownload(objects, prefix, resolve(dir))
  const present = rule.onlyChanged || rule.remove ? await localFiles(dir, signal) : new Map()
  // A file has no etag: its size and time decide.
  const found = objects.map(({ name, key, size, modifiedMs }) => ({ name, key, size, modifiedMs }))
  const { take, unchanged, remove } = select(found, present, nothingHeld, rule)
  const keys = new Set(take.map(({ key }) => key))
  const files = all.files.filter(({ key }) => keys.has(key))
  const plan = {
    ...all,
    files,
    skipped: all.skipped.filter(({ name }) => rule.passes(name.slice(prefix.length))),
  }
  return {
    steps: files.map(({ key, path, size }) =>
      stepOf(formatObjectUrl({ bucket: from.bucket, key }), join(dir, path), size),
    ),
    run: () => runDownload(plan, { ...options, bucket: from.bucket, destDir: dir, source: prefix }),
    unchanged,
    ...(options.move
      ? goneObjects(
          client,
          from.bucket,
          files.map(({ key }) => key),
          signal,
        )
      : { gone: remove.map((name) => join(dir, name)), removal: removeFiles(dir, remove, signal) }),
    skipped: plan.skipped,
  }
}

async function planInside(from: ObjectUrl, to: ObjectUrl, rule: Rule, options: CopyOptions): Promise<Work> {
  const { client, signal } = options
  if (options.move) refuseOverlap(asFolder(from), asFolder(to))
  const objects = await listSource(from, options)
  const listed = rule.onlyChanged || rule.remove ? await listBelow(to, options) : []
  const { take, unchanged, remove } = select(objects, byName(listed), nothingHeld, rule)
  const target = (name: string) => ({ bucket: to.bucket, key: keyBelow(to, name) })
  const pairs = take.map(({ name, key, size, etag }) => ({
    from: { bucket: from.bucket, key },
    to: target(name),
    ...{ size, etag },
  }))
  const gone = options.move ? pairs.map((pair) => pair.from.key) : remove.map((name) => target(name).key)
  return {
    steps: pairs.map((pair) => stepOf(formatObjectUrl(pair.from), formatObjectUrl(pair.to), pair.size)),
    run: () => runCopy(pairs, options),
    unchanged,
    ...goneObjects(client, options.move ? from.bucket : to.bucket, gone, signal),
    skipped: [],
  }
}
