// Does what a download plan says: every object into a file aside, checked, then renamed to its own name, so a file
// under its own name is never half an object. A plan that broke off goes on where it stopped, in a later process too.
import { createHash } from 'node:crypto'
import { lstatSync, renameSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { makeFolder } from '../../lib/make-folder.ts'
import { createEngine, type Engine } from './engine.ts'
import { fetchFile, RANGED_BYTES } from './fetch-file.ts'
import { namingLocal, throwLocal } from './local-error.ts'
import { forEachParallel } from './parallel.ts'
import type { DownloadPlan, PlannedFile } from './plan-download.ts'
import { requireRoom } from './require-room.ts'
import { TransferError } from './transfer-error.ts'
import type { TransferCounts, TransferOptions } from './transfer-types.ts'
import { openWorkFolder } from './work-folder.ts'

/** Big ones first: the last big file alone would leave the line half empty. */
const inOrder = (files: readonly PlannedFile[]): PlannedFile[] => [
  ...files.filter(({ size }) => size > RANGED_BYTES),
  ...files.filter(({ size }) => size <= RANGED_BYTES),
]

const entryOf = (file: PlannedFile): string => `done:${file.path}:${file.etag}`

/** Whether an earlier process has brought the file and nobody has touched it since. */
function isThere(engine: Engine, file: PlannedFile, path: string): boolean {
  const known = engine.journal.get(entryOf(file))
  if (!Array.isArray(known)) return false
  const facts = lstatSync(path, { throwIfNoEntry: false })
  return facts?.isFile() === true && facts.size === file.size && facts.mtimeMs === known[1]
}

/** A file that is there now: its name below the destination, and the object it was. */
export type BroughtFile = Pick<PlannedFile, 'path' | 'size' | 'etag'> & {
  /** CRC-32 of the whole in base64, where this process has summed it up. */
  readonly crc32: string | undefined
}

export type DownloadCounts = TransferCounts & { readonly brought: readonly BroughtFile[] }

/** Returns the CRC-32 of what was fetched. */
async function bring(
  engine: Engine,
  file: PlannedFile,
  path: string,
  aside: string,
): Promise<string | undefined> {
  const { journal, counter, onEvent } = engine
  const { path: name, size: bytes } = file
  if (isThere(engine, file, path)) {
    counter.bytes(bytes)
    counter.file()
    onEvent({ kind: 'kept', name, bytes })
    return undefined
  }
  const crc = await fetchFile(engine, file, aside)
  try {
    renameSync(aside, path)
    if (engine.resumable) journal.set(entryOf(file), [bytes, lstatSync(path).mtimeMs])
  } catch (error) {
    throwLocal(path, error)
  }
  counter.file()
  onEvent({ kind: 'moved', name, bytes })
  return crc
}

/**
 * Downloads the files of a plan into `destDir`, which is made if it is not there; what stands there under the same
 * names is replaced. `source` names where from, for a later try that goes on. Throws TransferError, ObjectStoreError,
 * a file system error, or the signal's reason; files complete by then stay.
 */
export async function runDownload(
  plan: DownloadPlan,
  options: TransferOptions & { readonly destDir: string; readonly source: string },
): Promise<DownloadCounts> {
  const destDir = resolve(options.destDir)
  await namingLocal(destDir, () => makeFolder(destDir))
  for (const folder of plan.folders)
    await namingLocal(join(destDir, folder), () => makeFolder(join(destDir, folder)))
  await requireRoom(plan.files, destDir, options.signal)
  const bytes = plan.files.reduce((sum, { size }) => sum + size, 0)
  const resumable = options.resume !== undefined
  // Inside the destination, so that the rename stays on one file system.
  const identity = JSON.stringify(['download', options.bucket, options.source])
  const work = await openWorkFolder(destDir, identity, resumable)
  const engine = createEngine(options, { files: plan.files.length, bytes }, work.journal)
  let keep = resumable
  let kept = 0
  const brought: BroughtFile[] = []
  const onEvent: Engine['onEvent'] = (event) => {
    if (event.kind === 'kept') kept += 1
    engine.onEvent(event)
  }
  try {
    await forEachParallel(inOrder(plan.files), engine.width, engine.signal, async (file, signal) => {
      const aside = join(work.path, nameAside(file))
      const crc32 = await bring({ ...engine, signal, onEvent }, file, join(destDir, file.path), aside)
      brought.push({ path: file.path, size: file.size, etag: file.etag, crc32 })
    })
    keep = false
  } catch (error) {
    // Going on with damaged bytes would fail forever.
    if (error instanceof TransferError && error.code === 'Damaged') keep = false
    throw error
  } finally {
    await work.close(keep)
  }
  return { files: plan.files.length, bytes, kept, skipped: plan.skipped, brought }
}

/** The same for the same version of the same object, so that a later process finds what there is of it. */
const nameAside = ({ path, etag, size }: PlannedFile): string =>
  createHash('sha256')
    .update(JSON.stringify([path, etag, size]))
    .digest('base64url')
