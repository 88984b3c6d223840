// Watches the disks of an installation: asks each how full it is every few seconds, tells running jobs once when one
// gets low, and answers whether another job may come.
import { statfs } from 'node:fs/promises'
import type { Config } from '../config.ts'
import { checkDisks, DISKS, type DiskGuard, type DiskState, lowDisk } from '../job/disk-guard.ts'
import { EVENTS } from '../job/events.ts'
import { isTerminal } from '../job/phase.ts'
import type { Site } from '../job/site.ts'
import type { JobStore } from '../job/store.ts'
import { sleep, within } from '../lib/abort.ts'
import type { ChangeSignal } from '../lib/signal.ts'
import type { Logger } from '../logger.ts'

export type WatchedPlace = { readonly name: string; readonly path: string }

export type DiskGuardParts = {
  readonly places: readonly WatchedPlace[]
  readonly minFreeBytes: number
  readonly store: Pick<JobStore, 'listUnfinished' | 'getById' | 'addEvents'>
  readonly serveId: string
  readonly changed: ChangeSignal
  readonly nowMs: () => number
  readonly logger: Pick<Logger, 'warn' | 'info' | 'error'>
}

const LOOK_MS = 5_000
/** A job is let in on a look that is no older. */
const FRESH_MS = 1_000
/** A file system that hangs (NFS) is not waited for: what was seen last counts. */
const PATIENCE_MS = 2_000
/** Enough again, so that a disk at the edge is not told of over and over. */
const ENOUGH = 1.25

/** Watches from `start` until it is disposed. */
export class DiskWatch implements DiskGuard, AsyncDisposable {
  readonly #parts: DiskGuardParts
  readonly #stop = new AbortController()
  #loop: Promise<void> = Promise.resolve()
  #looking: Promise<DiskState[]> | null = null
  #lookedAtMs = Number.NEGATIVE_INFINITY
  #seen: readonly DiskState[] = []
  #isLow = false

  constructor(parts: DiskGuardParts) {
    this.#parts = parts
  }

  start(): void {
    this.#loop = this.#watch()
  }

  async check(): Promise<void> {
    const age = this.#parts.nowMs() - this.#lookedAtMs
    if (age < 0 || age >= FRESH_MS) await within(PATIENCE_MS, this.#look(), this.#stop.signal)
    checkDisks(this.#seen, this.#parts.minFreeBytes)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the server is stopping'))
    await this.#loop
  }

  async #watch(): Promise<void> {
    const { logger, minFreeBytes } = this.#parts
    while (!this.#stop.signal.aborted) {
      try {
        await within(PATIENCE_MS, this.#look(), this.#stop.signal)
        await this.#compare()
      } catch (error) {
        logger.error({ error: String(error), minFreeBytes }, 'the disks could not be looked at')
      }
      await sleep(LOOK_MS, this.#stop.signal).catch(() => undefined)
    }
  }

  /** Of several at once all get the same answer: a file system that hangs holds one thread, not all. */
  #look(): Promise<DiskState[]> {
    this.#looking ??= measureDisks(this.#parts.places)
      .then((seen) => {
        this.#seen = seen
        this.#lookedAtMs = this.#parts.nowMs()
        return seen
      })
      .finally(() => {
        this.#looking = null
      })
    return this.#looking
  }

  async #compare(): Promise<void> {
    const { minFreeBytes, logger } = this.#parts
    const low = lowDisk(this.#seen, minFreeBytes)
    if (low !== null && !this.#isLow) {
      this.#isLow = true
      logger.warn({}, `${low}; new jobs are refused`)
      await this.#tellRunning(low)
    } else if (this.#isLow && lowDisk(this.#seen, minFreeBytes * ENOUGH) === null) {
      this.#isLow = false
      logger.info({}, 'the disks have room again; new jobs are accepted')
    }
  }

  async #tellRunning(low: string): Promise<void> {
    const { store, serveId, changed, nowMs } = this.#parts
    for (const jobId of await store.listUnfinished(serveId)) {
      const job = await store.getById(jobId)
      if (!job || isTerminal(job.status.phase) || job.status.startIntentAtMs === null) continue
      await store.addEvents(jobId, [EVENTS.diskLow(low)], nowMs())
      changed.notify(jobId)
    }
  }
}

/** What each place's file system says. A place that is not there is left out: whoever needs it says so better. */
export async function measureDisks(places: readonly WatchedPlace[]): Promise<DiskState[]> {
  const states = places.map(async ({ name, path }) => {
    const found = await statfs(path).catch(() => null)
    if (found === null) return []
    const { bsize, blocks, bavail } = found
    return [{ name, path, freeBytes: bavail * bsize, totalBytes: blocks * bsize }]
  })
  return (await Promise.all(states)).flat()
}

export type DiskWatchOptions = Omit<DiskGuardParts, 'places' | 'minFreeBytes'> & {
  readonly config: Config
  readonly site: Site
  /** Where a container engine keeps images and containers; null without one. */
  readonly engineRoot: string | null
}

/** Watches the disks of an installation from now on. */
export function openDiskWatch({ config, site, engineRoot, ...parts }: DiskWatchOptions): DiskWatch {
  const places = [
    { name: DISKS.data, path: config.dataDir },
    ...(site.cacheDir === null ? [] : [{ name: DISKS.cache, path: site.cacheDir }]),
    ...(engineRoot === null ? [] : [{ name: DISKS.engine, path: engineRoot }]),
  ]
  const watch = new DiskWatch({ ...parts, minFreeBytes: site.disk.minFreeBytes, places })
  watch.start()
  return watch
}
