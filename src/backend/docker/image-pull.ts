// One pull: its progress as sentences, its failures as one sentence with the registry's own words.
// dockerd answers a failed pull with an HTTP error or inside the stream; Podman always inside the stream.
import type Docker from 'dockerode'
import { AppError } from '../../api/error.ts'
import { EVENTS } from '../../job/events.ts'
import type { Tell } from '../../job/ports.ts'
import { sleep } from '../../lib/abort.ts'
import { statusOf, wordsOf } from './engine.ts'
import type { RegistryAuth } from './image.ts'
import { explainPull } from './image-failure.ts'
import { PullProgress, pullLines } from './image-progress.ts'

export type Pull = {
  readonly docker: Docker
  /** Complete: registry/name:tag or …@digest. */
  readonly reference: string
  readonly auth: RegistryAuth | null
  readonly silenceMs: number
  /** Before the second try; twice as long before the third. */
  readonly firstPauseMs: number
}

export type Pulled = {
  /** What came over the network. */
  readonly bytes: number
  /** The engine had this very image. */
  readonly isCurrent: boolean
}

const TRIES = 3
const FIRST_SAY_MS = 5_000
const LATER_SAY_MS = 60_000
/** An engine that unpacks a huge layer is quiet for longer than a registry may be. */
const UNPACK_FACTOR = 10

/**
 * Pulls; tries again after failures that may pass. Throws AppError with one sentence, the signal's reason, or what the
 * client said of an engine that did not answer.
 */
export async function pullImage(pull: Pull, tell: Tell, signal: AbortSignal): Promise<Pulled> {
  const { reference, auth, firstPauseMs } = pull
  for (let attempt = 1; ; attempt++) {
    try {
      return await pullOnce(pull, tell, signal)
    } catch (error) {
      signal.throwIfAborted()
      if (isEngineGone(error)) throw error
      const words = wordsOf(error)
      const failure = explainPull(words, { reference, login: auth === null ? 'none' : 'unproven' })
      if (!failure.mayPass || attempt === TRIES)
        throw new AppError(
          failure.code,
          `The image ${reference} could not be pulled: ${failure.says} (${words})`,
          { cause: error },
        )
      const pauseMs = firstPauseMs * 2 ** (attempt - 1)
      tell(EVENTS.pullRetried(reference, failure.says, pauseMs))
      await sleep(pauseMs, signal)
    }
  }
}

/** The socket itself failed: no answer of the engine, so nothing that a registry did. */
const isEngineGone = (error: unknown): boolean =>
  statusOf(error) === null && typeof (error as NodeJS.ErrnoException | null)?.code === 'string'

/** One try. */
async function pullOnce(
  { docker, reference, auth, silenceMs }: Pull,
  tell: Tell,
  signal: AbortSignal,
): Promise<Pulled> {
  const silence = new Silence(silenceMs)
  const over = AbortSignal.any([signal, silence.signal])
  const progress = new PullProgress()
  let sayEveryMs = FIRST_SAY_MS
  let saidAt = performance.now()
  try {
    const options = { abortSignal: over, ...(auth === null ? {} : { authconfig: { ...auth } }) }
    const stream = await docker.pull(reference, options as never)
    for await (const line of pullLines(stream as AsyncIterable<Buffer>)) {
      if (line.error !== undefined) throw new Error(line.errorDetail?.message ?? line.error)
      progress.note(line)
      silence.broken(progress.isUnpacking)
      if (performance.now() - saidAt < sayEveryMs) continue
      saidAt = performance.now()
      // A pull of an hour is worth dozens of lines, not hundreds.
      sayEveryMs = Math.min(LATER_SAY_MS, sayEveryMs * 2)
      tell(EVENTS.pullProgress(reference, progress.counts))
    }
    over.throwIfAborted()
    return { bytes: progress.counts.doneBytes, isCurrent: progress.isCurrent }
  } catch (error) {
    signal.throwIfAborted()
    throw silence.signal.aborted ? silence.signal.reason : error
  } finally {
    silence.end()
  }
}

/** Aborts its signal when nothing was heard for too long. */
class Silence {
  readonly #limitMs: number
  readonly #abort = new AbortController()
  #timer: NodeJS.Timeout | undefined

  constructor(limitMs: number) {
    this.#limitMs = limitMs
    this.broken(false)
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  broken(isUnpacking: boolean): void {
    clearTimeout(this.#timer)
    const ms = this.#limitMs * (isUnpacking ? UNPACK_FACTOR : 1)
    const reason = new Error(`no word from the registry for ${Math.ceil(ms / 1000)} s`)
    this.#timer = setTimeout(() => this.#abort.abort(reason), ms)
  }

  end(): void {
    clearTimeout(this.#timer)
  }
}
