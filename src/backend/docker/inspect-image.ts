// Looks into an image through the engine: a container is made from it, never started, and its files are read as the
// engine streams them. The container carries labels by which a later server finds what a killed one left.
import type { Readable } from 'node:stream'
import type { Container, ImageInspectInfo } from 'dockerode'
import { AppError } from '../../api/error.ts'
import type { FileFacts, ImageConfig, ImageFacts } from '../../image-check/facts.ts'
import { FileScan } from '../../image-check/file-scan.ts'
import { parseImageReference } from '../../job/image-reference.ts'
import type { ImageInspector, ImageProgress } from '../../job/ports.ts'
import type { PullPolicy } from '../../job/site.ts'
import { newUuid } from '../../lib/id.ts'
import { act, asUnreachable, type Engine, isNotFound, look, statusOf, wordsOf } from './engine.ts'
import type { ImagePuller, RegistryAuth } from './image.ts'
import { ArchiveError, type ArchivePatience, scanTar } from './inspect-image-tar.ts'
import { LABEL, labelFilter } from './labels.ts'
import { removeContainers } from './stop.ts'

export type ImageInspectorOptions = {
  readonly engine: Engine
  /** Marks what is ours on the engine. */
  readonly instanceId: string
  /** What this machine runs, as images name it. */
  readonly machine: string
  readonly pullPolicy: PullPolicy
  readonly ensure: ImagePuller['ensure']
  /** The login of a project for the registry of an image. */
  readonly credentials: (projectId: string, image: string) => Promise<RegistryAuth | null>
  readonly patience?: ArchivePatience
}

type Tell = (progress: ImageProgress) => void

const PURPOSE = { name: 'ropeway.purpose', value: 'image-check' } as const
/** One container's own label. */
const CHECK = 'ropeway.check'

/** An image never changes, so what its files showed holds for as long as its id does. */
const REMEMBERED = 16
const REMOVE_TIMEOUT_MS = 15_000
const PATIENCE: ArchivePatience = { silenceMs: 120_000 }

/** Disposing ends what is under way and waits until its container is gone. */
export class DockerImageInspector implements ImageInspector, AsyncDisposable {
  readonly #options: ImageInspectorOptions
  readonly #seen = new Map<string, FileFacts>()
  /** Reading is as fast as the disk: two at once take twice as long. */
  #turn: Promise<void> = Promise.resolve()
  #inLine = 0
  readonly #stop = new AbortController()

  constructor(options: ImageInspectorOptions) {
    this.#options = options
  }

  async inspect(
    projectId: string,
    image: string,
    callerSignal: AbortSignal,
    tell: Tell = () => undefined,
  ): Promise<ImageFacts> {
    const signal = AbortSignal.any([callerSignal, this.#stop.signal])
    signal.throwIfAborted()
    const { engine, ensure, credentials, pullPolicy, machine } = this.#options
    if (image === 'host')
      throw new AppError(
        'ImageNotFound',
        'image: got "host", which is no container image; valid: a name such as "train:1.0"',
      )
    // Refused here in the words of this field; an id of the engine is no name.
    if (!/^sha256:[0-9a-f]{64}$/.test(image)) parseImageReference(image, 'image')
    const auth = await credentials(projectId, image)
    const onPull = ({ message }: { readonly message: string }): void =>
      tell({ step: 'pull', message, bytes: 0, totalBytes: 0 })
    const { id, digest } = await ensure({ image, pullPolicy, auth }, onPull, signal).catch(
      (error: unknown) => {
        signal.throwIfAborted()
        throw inOwnWords(asUnreachable(engine.socket, error))
      },
    )
    const info = await look(engine, () => engine.docker.getImage(id).inspect(), signal).catch(
      (error: unknown) => {
        throw isNotFound(error) ? removed(image) : error
      },
    )
    const config = configOf(info)
    // Looked for again when it is its turn: the check before may have been of the same image.
    const read = async (): Promise<FileFacts> =>
      this.#seen.get(id) ?? (await this.#read(id, config, tell, signal))
    const files = this.#seen.get(id) ?? (await this.#inTurn(read, tell, signal))
    this.#remember(id, files)
    return { id, digest, config, files, machine }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the server is stopping'))
    await this.#turn
  }

  /** Removes what a server of the same instance left when it was killed. Call it before the first `inspect`. */
  async sweep(signal: AbortSignal): Promise<void> {
    const labels = { [LABEL.instance]: this.#options.instanceId, [PURPOSE.name]: PURPOSE.value }
    await removeContainers(this.#options.engine, labelFilter(labels).label, signal)
  }

  #remember(id: string, files: FileFacts): void {
    this.#seen.delete(id)
    this.#seen.set(id, files)
    const [oldest] = this.#seen.keys()
    if (this.#seen.size > REMEMBERED && oldest !== undefined) this.#seen.delete(oldest)
  }

  /** One after the other; `work` runs when it is its turn. */
  async #inTurn<T>(work: () => Promise<T>, tell: Tell, signal: AbortSignal): Promise<T> {
    const before = this.#turn
    const mine = Promise.withResolvers<void>()
    this.#turn = before.then(() => mine.promise)
    const cut = Promise.withResolvers<never>()
    const onAbort = (): void => cut.reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    if (this.#inLine++ > 0)
      tell({ step: 'wait', message: 'Waiting for another check to end.', bytes: 0, totalBytes: 0 })
    try {
      await Promise.race([before, cut.promise])
      return await work()
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#inLine--
      mine.resolve()
    }
  }

  async #read(id: string, config: ImageConfig, tell: Tell, signal: AbortSignal): Promise<FileFacts> {
    const { engine, instanceId, patience = PATIENCE } = this.#options
    signal.throwIfAborted()
    const check = newUuid()
    const scan = new FileScan(config)
    const onProgress = (): void => {
      const { entries, bytes } = scan.progress
      const message = `Looked at ${entries} files.`
      tell({ step: 'read', message, bytes, totalBytes: config.sizeBytes })
    }
    onProgress()
    try {
      const body = {
        Image: id,
        // Never started; an image without a command of its own needs one to be made into a container.
        Entrypoint: ['/ropeway-never-starts-this'],
        Cmd: [],
        Labels: { [LABEL.instance]: instanceId, [PURPOSE.name]: PURPOSE.value, [CHECK]: check },
        HostConfig: { NetworkMode: 'none' },
      }
      const make = (abortSignal: AbortSignal) => engine.docker.createContainer({ ...body, abortSignal })
      const stream = await openExport(engine, await act(engine, make, signal), signal)
      await scanTar(stream, scan, onProgress, signal, patience)
    } catch (error) {
      signal.throwIfAborted()
      throw this.#explain(error)
    } finally {
      const { label } = labelFilter({ [CHECK]: check })
      // What cannot be removed now is found by its labels later.
      await removeContainers(engine, label, AbortSignal.timeout(REMOVE_TIMEOUT_MS)).catch(() => undefined)
    }
    return scan.facts()
  }

  #explain(error: unknown): unknown {
    const { engine } = this.#options
    if (error instanceof ArchiveError)
      return new AppError(
        'BackendUnavailable',
        `The engine's archive of the image cannot be read: ${error.message}`,
      )
    const status = statusOf(error)
    if (status === null) return asUnreachable(engine.socket, error)
    return new AppError(
      'BackendUnavailable',
      `The engine cannot open the image (${status}): ${wordsOf(error)}`,
    )
  }
}

/** Nobody reads an archive that came too late: its connection is closed. */
async function openExport(engine: Engine, container: Container, signal: AbortSignal): Promise<Readable> {
  const opening = container.export() as Promise<Readable>
  try {
    return await look(engine, () => opening, signal)
  } catch (error) {
    opening.then(
      (stream) => stream.destroy(),
      () => undefined,
    )
    throw error
  }
}

/** A pull names the field of a job; this one has another. */
const inOwnWords = (error: unknown): unknown =>
  error instanceof AppError
    ? new AppError(error.code, error.message.replace(/^algorithm\.engine\.image_url: /, 'image: '), {
        cause: error.cause,
      })
    : error

const removed = (image: string): AppError =>
  new AppError('ImageNotFound', `image: ${JSON.stringify(image)} was removed from the engine meanwhile`)

const wordsIn = (value: string | readonly string[] | null | undefined): readonly string[] =>
  typeof value === 'string' ? [value] : (value ?? [])

function configOf(info: ImageInspectInfo): ImageConfig {
  const config = info.Config ?? {}
  return {
    user: config.User ?? '',
    entrypoint: wordsIn(config.Entrypoint),
    cmd: wordsIn(config.Cmd),
    env: config.Env ?? [],
    workingDir: config.WorkingDir ?? '',
    architecture: info.Architecture ?? '',
    os: info.Os ?? '',
    sizeBytes: info.Size ?? 0,
    layers: info.RootFS?.Layers?.length ?? 0,
    created: info.Created ?? '',
    labels: config.Labels ?? {},
  }
}
