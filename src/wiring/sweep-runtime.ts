// Runtime folders of earlier versions (DIR/runtime/runtime-<hash>, up to 130 MB each). A task mounts the one that was
// present when it was started, so the others go once no attempt that was under way when this server opened is left.
import { readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { JobStore } from '../job/store.ts'

/** An attempt that may have been started with an earlier runtime. */
export type Inherited = { readonly jobId: string; readonly attempt: number }

export type RuntimeSweep = {
  readonly store: Pick<JobStore, 'listUnfinished' | 'getById'>
  readonly serveId: string
  /** What new tasks get; null where tasks have none. */
  readonly runtimeDir: string | null
}

/** Folders being built carry a dot; a server that is killed leaves them. */
const RUNTIME = /^\.?runtime-[0-9a-f]{16}(-[0-9a-f]+(\.broken)?)?$/

/** Attempts under way now. Asked before this server starts any of its own. */
export async function attemptsUnderWay({
  store,
  serveId,
}: Pick<RuntimeSweep, 'store' | 'serveId'>): Promise<Inherited[]> {
  const found: Inherited[] = []
  for (const jobId of await store.listUnfinished(serveId)) {
    const job = await store.getById(jobId)
    if (job && job.cleanedAtMs === null && job.status.startIntentAtMs !== null)
      found.push({ jobId, attempt: job.status.attempt })
  }
  return found
}

/** Removes the runtimes of earlier versions, unless an inherited attempt is left. Never the present one. */
export async function sweepRuntimes(
  sweep: RuntimeSweep,
  inherited: readonly Inherited[],
  signal: AbortSignal,
): Promise<void> {
  if (sweep.runtimeDir === null) return
  const folder = dirname(sweep.runtimeDir)
  const present = basename(sweep.runtimeDir)
  const old = (await readdir(folder)).filter((name) => RUNTIME.test(name) && name !== present)
  if (old.length === 0) return
  const left = await attemptsUnderWay(sweep)
  const isLeft = (one: Inherited) =>
    left.some(({ jobId, attempt }) => jobId === one.jobId && attempt === one.attempt)
  if (inherited.some(isLeft)) return
  for (const name of old) {
    signal.throwIfAborted()
    await rm(join(folder, name), { recursive: true, force: true })
  }
}
