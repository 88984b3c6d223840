// One pull: its progress as sentences, its failures as one sentence with the registry's own words.
// dockerd answers a failed pull with an HTTP error or inside the stream; Podman always inside the stream.
import type Docker from 'dockerode'
import { AppError } from '../../api/error.ts'
import { EVENTS } from '../../job/events.ts'
import type { Tell } from '../../job/ports.ts'
import { sleep } from '../../lib/abort.ts'
import { wordsOf } from './engine.ts'
import type { RegistryAuth } from './image.ts'

export type Pull = {
  readonly docker: Docker
  /** Complete: registry/name:tag or …@digest. */
  readonly reference: string
  readonly auth: RegistryAuth | null
  readonly silenceMs: number
}

type Line = {
  readonly id?: string
  readonly status?: string
  readonly error?: string
  readonly errorDetail?: { readonly message?: string }
  readonly progressDetail?: { readonly current?: number; readonly total?: number }
}

const TRIES = 3
const FIRST_PAUSE_MS = 1_000
const SAY_EVERY_MS = 5_000

/** Pulls; tries again after failures that may pass. Throws AppError with one sentence, or the signal's reason. */
export async function pullImage(pull: Pull, tell: Tell, signal: AbortSignal): Promise<void> {
  const { reference } = pull
  const begun = performance.now()
  tell(EVENTS.pulling(reference))
  for (let attempt = 1; ; attempt++) {
    try {
      const bytes = await pullOnce(pull, tell, signal)
      tell(EVENTS.pulled(reference, bytes, performance.now() - begun))
      return
    } catch (error) {
      signal.throwIfAborted()
      const words = wordsOf(error)
      const failure = explainPull(words)
      if (!failure.mayPass || attempt === TRIES)
        throw new AppError(
          failure.code,
          `The image ${reference} could not be pulled: ${failure.says} (${words})`,
          {
            cause: error,
          },
        )
      const pauseMs = FIRST_PAUSE_MS * 2 ** (attempt - 1)
      tell(EVENTS.pullRetried(reference, failure.says, pauseMs))
      await sleep(pauseMs, signal)
    }
  }
}

type PullFailure = {
  readonly code: 'ImageNotFound' | 'RegistryRefused' | 'RegistryUnreachable' | 'DiskFull'
  readonly says: string
  /** Another try may help. */
  readonly mayPass: boolean
}

/** First match wins: registries of several makers say the same things in other words. */
const FAILURES: readonly (readonly [RegExp, PullFailure])[] = [
  [
    /no space left on device/i,
    { code: 'DiskFull', says: "the engine's disk has no space left", mayPass: false },
  ],
  [
    /unauthorized: authentication required|no basic auth credentials|authorization failed|unauthenticated/i,
    {
      code: 'RegistryRefused',
      says: 'the registry wants a login; give one with "ropeway registry add", or correct it',
      mayPass: false,
    },
  ],
  [
    /incorrect username or password|invalid username\/password|401 unauthorized|unauthorized|wrong password/i,
    {
      code: 'RegistryRefused',
      says: 'the registry does not accept the user name or password',
      mayPass: false,
    },
  ],
  [
    /pull access denied|requested access to the resource is denied|access forbidden|403 forbidden|denied/i,
    {
      code: 'RegistryRefused',
      says: 'the registry gives no access to it: it does not exist there, or it needs another login',
      mayPass: false,
    },
  ],
  [
    /manifest unknown|manifest for .* not found|not found: manifest|name unknown|repository .* not found|no such image|404/i,
    { code: 'ImageNotFound', says: 'the registry has no image of that name and tag', mayPass: false },
  ],
  [
    /no matching manifest|no match for platform|no image found in manifest list/i,
    { code: 'ImageNotFound', says: 'the registry has it for other architectures only', mayPass: false },
  ],
  [
    /no such host|name or service not known|server misbehaving|temporary failure in name resolution/i,
    { code: 'RegistryUnreachable', says: "the registry's host name is not known", mayPass: false },
  ],
  [
    /connection refused/i,
    { code: 'RegistryUnreachable', says: "nobody listens at the registry's address", mayPass: true },
  ],
  [
    /x509|certificate|tls:|server gave HTTP response to HTTPS client/i,
    {
      code: 'RegistryUnreachable',
      says: 'the engine does not trust the connection; give it the certificate, or name the registry under insecure-registries in its configuration',
      mayPass: false,
    },
  ],
]

const MAY_PASS: PullFailure = {
  code: 'RegistryUnreachable',
  says: 'the registry failed or did not answer',
  mayPass: true,
}

/** What an engine's words about a failed pull come to. */
export const explainPull = (words: string): PullFailure =>
  FAILURES.find(([pattern]) => pattern.test(words))?.[1] ?? MAY_PASS

/** One try. Resolves to the bytes that were fetched. */
async function pullOnce(
  { docker, reference, auth, silenceMs }: Pull,
  tell: Tell,
  signal: AbortSignal,
): Promise<number> {
  const silence = new AbortController()
  const silent = () =>
    silence.abort(new Error(`no word from the registry for ${Math.round(silenceMs / 1000)} s`))
  let timer = setTimeout(silent, silenceMs)
  const over = AbortSignal.any([signal, silence.signal])
  const progress = new PullProgress()
  let saidAt = performance.now()
  try {
    const options = { abortSignal: over, ...(auth === null ? {} : { authconfig: { ...auth } }) }
    const stream = await docker.pull(reference, options as never)
    for await (const line of linesOf(stream as AsyncIterable<Buffer>)) {
      clearTimeout(timer)
      timer = setTimeout(silent, silenceMs)
      if (line.error !== undefined) throw new Error(line.errorDetail?.message ?? line.error)
      progress.note(line)
      if (performance.now() - saidAt < SAY_EVERY_MS) continue
      saidAt = performance.now()
      tell(EVENTS.pullProgress(reference, progress.doneBytes, progress.totalBytes))
    }
    over.throwIfAborted()
    return progress.doneBytes
  } catch (error) {
    throw silence.signal.aborted ? silence.signal.reason : error
  } finally {
    clearTimeout(timer)
  }
}

/** Bytes of all layers; a layer that has arrived counts whole. */
class PullProgress {
  readonly #layers = new Map<string, { done: number; total: number }>()

  note({ id, status, progressDetail }: Line): void {
    if (id === undefined) return
    const known = this.#layers.get(id) ?? { done: 0, total: 0 }
    const { current, total } = progressDetail ?? {}
    if (status === 'Downloading' && current !== undefined)
      this.#layers.set(id, { done: current, total: Math.max(known.total, total ?? 0) })
    if (status === 'Download complete' || status === 'Pull complete')
      this.#layers.set(id, { ...known, done: Math.max(known.done, known.total) })
  }

  get doneBytes(): number {
    return [...this.#layers.values()].reduce((sum, { done }) => sum + done, 0)
  }
  get totalBytes(): number {
    return [...this.#layers.values()].reduce((sum, { total }) => sum + total, 0)
  }
}

/** One JSON document per line; a line that is none is skipped. */
async function* linesOf(stream: AsyncIterable<Buffer>): AsyncIterable<Line> {
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + chunk.toString('utf8')).split('\n')
    rest = lines.pop() ?? ''
    yield* lines.flatMap(parseLine)
  }
  yield* parseLine(rest)
}

function parseLine(text: string): Line[] {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? [value as Line] : []
  } catch {
    return []
  }
}
