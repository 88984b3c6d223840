// Makes an image be there: looks at the engine, pulls by policy, and says which image it was.
// Calls for the same image wait for one pull; a caller that gives up does not take it away from the others.
import type Docker from 'dockerode'
import { AppError } from '../../api/error.ts'
import { EVENTS } from '../../job/events.ts'
import { formatReference, parseImageReference } from '../../job/image-reference.ts'
import type { Tell } from '../../job/ports.ts'
import type { PullPolicy } from '../../job/site.ts'
import { isNotFound, look } from './engine.ts'
import { pullImage } from './image-pull.ts'

export type RegistryAuth = {
  readonly username: string
  readonly password: string
  readonly serveraddress: string
}

export type ResolvedImage = {
  /** Id on this engine, `sha256:…`. */
  readonly id: string
  /** Digest in its registry; the id where there is none, as for an image that was built here. */
  readonly digest: string
  /** `NAME=value` */
  readonly env: readonly string[]
  readonly entrypoint: readonly string[]
  readonly user: string
  /** `amd64`, `arm64` */
  readonly architecture: string
  readonly sizeBytes: number
}

export type EnsureRequest = {
  readonly image: string
  readonly pullPolicy: PullPolicy
  readonly auth: RegistryAuth | null
}

export type PullPatience = {
  /** A registry that says nothing for so long has failed. */
  readonly silenceMs: number
  readonly firstPauseMs: number
}
const PATIENCE: PullPatience = { silenceMs: 120_000, firstPauseMs: 1_000 }

type Running = { readonly done: Promise<void>; readonly listeners: Set<Tell>; waiting: number; stop(): void }

export class ImagePuller {
  readonly #docker: Docker
  readonly #patience: PullPatience
  readonly #pulls = new Map<string, Running>()

  constructor(docker: Docker, patience: Partial<PullPatience> = {}) {
    this.#docker = docker
    this.#patience = { ...PATIENCE, ...patience }
  }

  /**
   * The image, pulled if the policy asks for it. Throws AppError: InvalidParam for a name that cannot be one,
   * ImageNotFound, RegistryRefused (login), RegistryUnreachable, DiskFull.
   */
  async ensure(request: EnsureRequest, tell: Tell, signal: AbortSignal): Promise<ResolvedImage> {
    const { image, pullPolicy } = request
    // An id names one image of this engine and nothing that could be pulled.
    const reference = /^sha256:[0-9a-f]{64}$/.test(image) ? null : parseImageReference(image)
    if (reference === null && pullPolicy === 'always')
      throw new AppError(
        'InvalidParam',
        `algorithm.engine.image_url: got ${JSON.stringify(image)}, the id of an image on this engine, for which no registry can be asked; valid with pull policy "always": the name of an image in a registry`,
      )
    const before = await this.inspect(image, signal)
    const pulls =
      reference !== null && (pullPolicy === 'always' || (pullPolicy === 'missing' && before === null))
    if (!pulls) {
      if (before !== null) return before
      throw new AppError(
        'ImageNotFound',
        `algorithm.engine.image_url: got ${JSON.stringify(image)}, which is not on this engine, and pull policy "${pullPolicy}" does not fetch it; valid: an image of "docker images", or pull policy "missing"`,
      )
    }
    await this.#pullOnce(request, formatReference(reference), tell, signal).catch((error: unknown) => {
      if (before !== null && error instanceof AppError)
        throw new AppError(
          error.code,
          `${error.message}. The engine has an image of that name; pull policy "missing" would use it`,
          { cause: error },
        )
      throw error
    })
    const after = await this.inspect(image, signal)
    if (after === null)
      throw new AppError('ImageNotFound', `The image ${JSON.stringify(image)} was pulled and is gone again`)
    return after
  }

  /** The image as this engine has it, or null. Throws AppError BackendUnavailable when the engine does not answer. */
  async inspect(image: string, signal: AbortSignal): Promise<ResolvedImage | null> {
    const docker = this.#docker
    const { socketPath = 'its address' } = docker.modem as { socketPath?: string }
    const info = await look(
      { docker, socket: socketPath },
      () => docker.getImage(image).inspect(),
      signal,
    ).catch((error: unknown) => {
      if (isNotFound(error)) return null
      throw error
    })
    if (info === null) return null
    const config = info.Config ?? {}
    const entrypoint = config.Entrypoint ?? []
    return {
      id: info.Id.startsWith('sha256:') ? info.Id : `sha256:${info.Id}`,
      digest: digestOf(image, info.RepoDigests ?? []) ?? info.Id,
      env: config.Env ?? [],
      entrypoint: typeof entrypoint === 'string' ? [entrypoint] : entrypoint,
      user: config.User ?? '',
      architecture: info.Architecture,
      sizeBytes: info.Size,
    }
  }

  async #pullOnce(
    { auth }: EnsureRequest,
    reference: string,
    tell: Tell,
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted()
    // Two logins are two pulls: what one may see is not the other's.
    const key = JSON.stringify([reference, auth?.username ?? null, auth?.password ?? null])
    const running = this.#pulls.get(key) ?? this.#begin(key, reference, auth)
    tell(EVENTS.pulling(reference))
    running.listeners.add(tell)
    running.waiting++
    const cut = Promise.withResolvers<never>()
    const onAbort = (): void => cut.reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await Promise.race([running.done, cut.promise])
    } finally {
      signal.removeEventListener('abort', onAbort)
      running.listeners.delete(tell)
      if (--running.waiting === 0) running.stop()
    }
  }

  #begin(key: string, reference: string, auth: RegistryAuth | null): Running {
    const stop = new AbortController()
    const listeners = new Set<Tell>()
    const tellAll: Tell = (event) => {
      for (const listener of listeners) listener(event)
    }
    // A pull that was stopped may take a while to end; whoever comes by then must not meet it.
    const forget = (): void => {
      if (this.#pulls.get(key) === running) this.#pulls.delete(key)
    }
    // A turn later, so that whoever began it listens already.
    const done = Promise.resolve()
      .then(() => this.#pull(reference, auth, tellAll, stop.signal))
      .finally(forget)
    // Everybody may have left by the time it fails.
    done.catch(() => undefined)
    const running: Running = {
      done,
      listeners,
      waiting: 0,
      stop: () => {
        forget()
        stop.abort()
      },
    }
    this.#pulls.set(key, running)
    return running
  }

  async #pull(reference: string, auth: RegistryAuth | null, tell: Tell, signal: AbortSignal): Promise<void> {
    const begun = performance.now()
    const pull = { docker: this.#docker, reference, auth, ...this.#patience }
    const { bytes, isCurrent } = await pullImage(pull, tell, signal)
    const image = await this.inspect(reference, signal)
    if (image === null) return
    const ms = performance.now() - begun
    tell(
      isCurrent
        ? EVENTS.imageCurrent(reference, image.digest, ms)
        : EVENTS.pulled(reference, image.digest, bytes, ms),
    )
  }
}

/** RepoDigests are `registry/name@sha256:…`, one per repository the image is known by. */
function digestOf(image: string, repoDigests: readonly string[]): string | null {
  if (image.startsWith('sha256:')) return null
  const { registry, repository } = parseImageReference(image)
  const own = repoDigests.find((entry) => {
    const [name = ''] = entry.split('@')
    const known = parseImageReference(name)
    return known.registry === registry && known.repository === repository
  })
  return (own ?? '').split('@')[1] ?? null
}
