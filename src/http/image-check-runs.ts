// Checks of images under way: whoever asks for the same image joins one check, and a check that nobody asks after ends.
import type { ImageFacts } from '../image-check/facts.ts'
import type { ImageInspector, ImageProgress } from '../job/ports.ts'

/** `lingerMs`: a check lives so long without anybody waiting for it, so that one may ask again and go on. */
export type RunPatience = { readonly lingerMs: number }
const PATIENCE: RunPatience = { lingerMs: 15_000 }

type Run = {
  readonly done: Promise<ImageFacts>
  readonly stop: AbortController
  progress: ImageProgress
  waiting: number
  linger: NodeJS.Timeout | undefined
}

export type Waited =
  | { readonly state: 'done'; readonly facts: ImageFacts }
  | { readonly state: 'running'; readonly progress: ImageProgress }

export class ImageCheckRuns {
  readonly #inspector: ImageInspector
  readonly #stopping: AbortSignal
  readonly #patience: RunPatience
  readonly #runs = new Map<string, Run>()

  /** `stopping` ends all of them. */
  constructor(inspector: ImageInspector, stopping: AbortSignal, patience: RunPatience = PATIENCE) {
    this.#inspector = inspector
    this.#stopping = stopping
    this.#patience = patience
  }

  /** How many are under way. */
  get size(): number {
    return this.#runs.size
  }

  /**
   * Begins or joins the check of an image and waits at most `waitMs`. Throws what the inspector throws, and the
   * signal's reason.
   */
  async wait(projectId: string, image: string, waitMs: number, signal: AbortSignal): Promise<Waited> {
    signal.throwIfAborted()
    const key = JSON.stringify([projectId, image])
    const run = this.#runs.get(key) ?? this.#begin(key, projectId, image)
    clearTimeout(run.linger)
    run.waiting++
    const over = Promise.withResolvers<'over'>()
    const timer = setTimeout(() => over.resolve('over'), waitMs)
    const onAbort = (): void => over.reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      const facts = await Promise.race([run.done, over.promise])
      return facts === 'over' ? { state: 'running', progress: run.progress } : { state: 'done', facts }
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      if (--run.waiting === 0) this.#leave(key, run)
    }
  }

  #begin(key: string, projectId: string, image: string): Run {
    const stop = new AbortController()
    const signal = AbortSignal.any([stop.signal, this.#stopping])
    const tell = (progress: ImageProgress): void => {
      run.progress = progress
    }
    // A turn later, so that `run` is there for what is told at once.
    const done = Promise.resolve()
      .then(() => this.#inspector.inspect(projectId, image, signal, tell))
      .finally(() => {
        clearTimeout(run.linger)
        if (this.#runs.get(key) === run) this.#runs.delete(key)
      })
    // Everybody may have left by the time it fails.
    done.catch(() => undefined)
    const run: Run = {
      done,
      stop,
      progress: { step: 'wait', message: 'Starting.', bytes: 0, totalBytes: 0 },
      waiting: 0,
      linger: undefined,
    }
    this.#runs.set(key, run)
    return run
  }

  #leave(key: string, run: Run): void {
    if (this.#runs.get(key) !== run) return
    run.linger = setTimeout(() => {
      // Its end may take a while; whoever comes by then begins a new one.
      if (this.#runs.get(key) === run) this.#runs.delete(key)
      run.stop.abort(new Error('nobody waits for this check any more'))
    }, this.#patience.lingerMs)
    run.linger.unref()
  }
}
