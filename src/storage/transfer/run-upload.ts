// Does what an upload plan says: every file into its object, big ones first and in parts, empty folders as markers.
// A plan that broke off goes on where it stopped, in a later process too.
import { mkdir, stat } from 'node:fs/promises'
import { createEngine, type Engine } from './engine.ts'
import { isAbsent, isForbidden } from './local-error.ts'
import { forEachParallel } from './parallel.ts'
import type { PlannedUpload, UploadPlan } from './plan-upload.ts'
import { type SendContext, SINGLE_BYTES, sendFile, sendingContext } from './send-file.ts'
import type { Skipped, TransferCounts, TransferOptions } from './transfer-types.ts'
import { openWorkFolder } from './work-folder.ts'

export type UploadOptions = TransferOptions & {
  /** Names where from, for a later try that goes on. */
  readonly source: string
}

const inOrder = (files: readonly PlannedUpload[]): PlannedUpload[] => [
  ...files.filter(({ size }) => size > SINGLE_BYTES),
  ...files.filter(({ size }) => size <= SINGLE_BYTES),
]

/** Whether an earlier process has sent the file as it is now, and its object is still there. */
async function isThere(engine: Engine, file: PlannedUpload): Promise<boolean> {
  const known = engine.journal.get(`sent:${file.key}`)
  if (typeof known !== 'string') return false
  const facts = await stat(file.path, { bigint: true }).catch(() => undefined)
  if (!facts || `${facts.size}:${facts.mtimeNs}:${facts.ino}` !== known) return false
  const object = await engine.client.head(engine.bucket, file.key, { signal: engine.signal })
  return object !== undefined && BigInt(object.size) === facts.size
}

type Tally = { files: number; bytes: number; kept: number; readonly skipped: Skipped[] }

async function sendOne(context: SendContext, file: PlannedUpload, tally: Tally): Promise<void> {
  const { engine } = context
  if (engine.resumable && (await isThere(engine, file))) {
    tally.kept += 1
    tally.files += 1
    tally.bytes += file.size
    engine.counter.bytes(file.size)
    engine.counter.file()
    return engine.onEvent({ kind: 'kept', name: file.name, bytes: file.size })
  }
  const { bytes, stamp } = await sendFile(context, file)
  engine.journal.set(`sent:${file.key}`, stamp)
  tally.files += 1
  tally.bytes += bytes
  engine.counter.file()
  engine.onEvent({ kind: 'moved', name: file.name, bytes })
}

/** What a file is left out for; undefined for errors that end the transfer. */
function leftOut(error: unknown): Skipped['reason'] | undefined {
  if (isAbsent(error)) return 'vanished'
  return isForbidden(error) ? 'cannot be read' : undefined
}

async function openWork({ client, bucket, resume }: UploadOptions, source: string) {
  if (resume === undefined) return { journal: undefined, close: async () => undefined }
  await mkdir(resume.stateDir, { recursive: true, mode: 0o700 })
  return openWorkFolder(resume.stateDir, JSON.stringify(['upload', client.where, bucket, source]), true)
}

/**
 * Uploads the files of a plan. What a walk listed and then vanished or cannot be read is left out and stands in
 * `skipped`. Throws TransferError, ObjectStoreError, a file system error, or the signal's reason;
 * objects complete by then stay.
 */
export async function runUpload(plan: UploadPlan, options: UploadOptions): Promise<TransferCounts> {
  const { bucket, client } = options
  const total = plan.files.reduce((sum, { size }) => sum + size, 0)
  const work = await openWork(options, options.source)
  const resumable = options.resume !== undefined
  const engine = createEngine(options, { files: plan.files.length, bytes: total }, work.journal)
  const shared = sendingContext(engine)
  const tally: Tally = { files: 0, bytes: 0, kept: 0, skipped: [...plan.skipped] }
  let keep = resumable
  try {
    await forEachParallel(inOrder(plan.files), engine.width, engine.signal, async (file, signal) => {
      try {
        await sendOne({ ...shared, engine: { ...engine, signal } }, file, tally)
      } catch (error) {
        const reason = leftOut(error)
        if (reason === undefined) throw error
        tally.skipped.push({ name: file.name, reason })
        engine.counter.bytes(file.size)
      }
    })
    await forEachParallel(plan.markers, engine.width, engine.signal, async (key, signal) => {
      await client.put(bucket, key, new Uint8Array(), { signal, small: true })
    })
    keep = false
  } finally {
    await work.close(keep)
  }
  return tally
}
