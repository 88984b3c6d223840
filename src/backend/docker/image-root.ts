// What an image has where a task's folders and names go. Looked up once per image, in a container that is made from it,
// never started, and carries labels by which a later server finds what a killed one left.
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type { Container, ContainerCreateOptions } from 'dockerode'
import { extract, type Headers } from 'tar-stream'
import { orAborted, within } from '../../lib/abort.ts'
import { newUuid } from '../../lib/id.ts'
import { act, asUnreachable, type Engine, isNotFound, withPatience, wordsOf } from './engine.ts'
import { LABEL, labelFilter } from './labels.ts'
import { removeContainers } from './stop.ts'

/** What is at a path, or where a link there leads to; `mode` holds the permission bits only. */
export type RootEntry = (
  | { readonly kind: 'missing' | 'other' }
  | {
      readonly kind: 'folder'
      readonly uid: number
      readonly gid: number
      readonly mode: number
      readonly isEmpty: boolean
    }
) & {
  /** The path without links, where one is at the path. */
  readonly at?: string
}

export type ImageRoot = {
  /** Text of the file in the image; empty where it has none, null where something else is in its place. */
  readonly passwd: string | null
  readonly group: string | null
  readonly entries: ReadonlyMap<string, RootEntry>
}

const PURPOSE = { name: 'ropeway.purpose', value: 'image-root' } as const
/** One container's own label: an engine that dies may have made it and never have said so. */
const LOOK = 'ropeway.look'
const MAX_FILE_BYTES = 1 << 20
/** Answers that are kept: an image and a list of paths each. */
const REMEMBERED = 256
const REMOVE_TIMEOUT_MS = 15_000
/** How long a server that stops waits for an engine to remove what is left. */
const STOP_PATIENCE_MS = 3_000
/** How long an engine that is away may take to come back and be told to remove what it made. */
const PATIENCE_MS = 3_600_000

/** Remembers what it saw: an image never changes, and a look costs as much as a start. */
export class ImageRoots implements AsyncDisposable {
  readonly #engine: Engine
  readonly #instanceId: string
  readonly #known = new Map<string, Promise<ImageRoot>>()
  readonly #stop = new AbortController()
  readonly #cut = new AbortController()
  readonly #removing = new Set<Promise<void>>()

  constructor(engine: Engine, instanceId: string) {
    this.#engine = engine
    this.#instanceId = instanceId
  }

  /** Callers for the same image and paths share one look, which goes on when one of them leaves. Throws what the engine says. */
  look(imageId: string, paths: readonly string[], signal: AbortSignal): Promise<ImageRoot> {
    const key = [imageId, ...paths].join('\n')
    const looking = this.#known.get(key) ?? this.#read(imageId, paths)
    if (this.#known.size >= REMEMBERED) this.#known.clear()
    this.#known.set(key, looking)
    looking.catch(() => this.#known.delete(key))
    return orAborted(looking, signal)
  }

  /** Removes what a killed server left. Call it before the first look. */
  async sweep(signal: AbortSignal): Promise<void> {
    const labels = { [LABEL.instance]: this.#instanceId, [PURPOSE.name]: PURPOSE.value }
    await removeContainers(this.#engine, labelFilter(labels).label, signal)
  }

  /** What cannot be removed by then is found by its labels later. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the server is stopping'))
    await within(STOP_PATIENCE_MS, Promise.all(this.#removing))
    this.#cut.abort(new Error('the server is stopping'))
    await Promise.all(this.#removing)
  }

  async #read(imageId: string, paths: readonly string[]): Promise<ImageRoot> {
    const look = newUuid()
    try {
      const container = await this.#make({
        Image: imageId,
        // An image without a command of its own needs one to be made into a container.
        Entrypoint: ['/ropeway-never-starts-this'],
        Cmd: [],
        Labels: { [LABEL.instance]: this.#instanceId, [PURPOSE.name]: PURPOSE.value, [LOOK]: look },
        HostConfig: { NetworkMode: 'none' },
      })
      const [passwd, group, ...entries] = await Promise.all([
        readText(container, '/etc/passwd'),
        readText(container, '/etc/group'),
        ...paths.map(async (path) => [path, await entryAt(container, path)] as const),
      ])
      return { passwd, group, entries: new Map(entries) }
    } catch (error) {
      throw asUnreachable(this.#engine.socket, error)
    } finally {
      const removing = this.#remove(look).finally(() => this.#removing.delete(removing))
      this.#removing.add(removing)
    }
  }

  #make(body: ContainerCreateOptions): Promise<Container> {
    const { docker } = this.#engine
    return act(
      this.#engine,
      (abortSignal) => docker.createContainer({ ...body, abortSignal }),
      this.#stop.signal,
    )
  }

  /** Behind the back of the task that starts. Never rejects. */
  async #remove(look: string): Promise<void> {
    const { signal } = this.#stop
    const { label } = labelFilter({ [LOOK]: look })
    const once = () =>
      removeContainers(
        this.#engine,
        label,
        AbortSignal.any([this.#cut.signal, AbortSignal.timeout(REMOVE_TIMEOUT_MS)]),
      )
    await withPatience(once, PATIENCE_MS, () => undefined, signal).catch(() => undefined)
  }
}

type Part = { readonly header: Headers; readonly text: string }

type Look = { readonly parts: readonly Part[]; readonly real: string }

/** The first `count` entries of a path's archive, files with their beginning; none where the path is missing. */
async function lookAt(container: Container, path: string, count: number): Promise<Look> {
  const stream = (await container.getArchive({ path }).catch((error: unknown) => {
    // Below a file there is nothing either.
    if (isNotFound(error) || /not a directory/.test(wordsOf(error))) return null
    throw error
  })) as Readable | null
  if (stream === null) return { parts: [], real: path }
  const tar = extract()
  const parts: Part[] = []
  // Whatever breaks the stream breaks the loop over its entries.
  stream.once('error', (error: Error) => tar.destroy(error))
  stream.pipe(tar)
  try {
    for await (const entry of tar) {
      const pieces: Buffer[] = []
      let left = entry.header.type === 'file' ? MAX_FILE_BYTES : 0
      for await (const piece of entry as AsyncIterable<Buffer>) {
        pieces.push(piece.subarray(0, left))
        left -= pieces.at(-1)?.length ?? 0
      }
      parts.push({ header: entry.header, text: Buffer.concat(pieces).toString('utf8') })
      if (parts.length === count) break
    }
    return { parts, real: realPathOf(stream, path) }
  } finally {
    stream.destroy()
  }
}

async function readText(container: Container, path: string): Promise<string | null> {
  const [file] = (await lookAt(container, path, 1)).parts
  if (file === undefined) return ''
  return file.header.type === 'file' ? file.text : null
}

async function entryAt(container: Container, path: string): Promise<RootEntry> {
  const { parts, real } = await lookAt(container, path, 2)
  if (real !== path) {
    const { parts: behind } = await lookAt(container, real, 2)
    return { ...entryOf(behind), at: real }
  }
  return entryOf(parts)
}

function entryOf([first, second]: readonly Part[]): RootEntry {
  if (first === undefined) return { kind: 'missing' }
  const { type, uid = 0, gid = 0, mode = 0 } = first.header
  if (type !== 'directory') return { kind: 'other' }
  return { kind: 'folder', uid, gid, mode: mode & 0o7777, isEmpty: second === undefined }
}

/**
 * The path without links, as the engine says beside an archive (X-Docker-Container-Path-Stat). Docker says nothing where there is
 * no link, and archives the link itself; Podman says the path always, and archives what is behind.
 */
function realPathOf(stream: Readable, path: string): string {
  const stat = (stream as Readable & Partial<IncomingMessage>).headers?.['x-docker-container-path-stat']
  if (typeof stat !== 'string') return path
  const { linkTarget } = JSON.parse(Buffer.from(stat, 'base64').toString('utf8')) as { linkTarget?: unknown }
  return typeof linkTarget === 'string' && linkTarget.startsWith('/') ? linkTarget : path
}
