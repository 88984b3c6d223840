// The progress stream of a pull: JSON lines in, bytes and layers out. dockerd and Podman write the same form.

export type PullLine = {
  readonly id?: string
  readonly status?: string
  readonly error?: string
  readonly errorDetail?: { readonly message?: string }
  readonly progressDetail?: { readonly current?: number; readonly total?: number }
}

export type PullCounts = {
  readonly doneBytes: number
  /** Of the layers whose size is known by now. */
  readonly totalBytes: number
  readonly doneLayers: number
  readonly layers: number
}

type Layer = { readonly done: number; readonly total: number; readonly arrived: boolean }

const NOTHING: Layer = { done: 0, total: 0, arrived: false }
const ARRIVED = ['Verifying Checksum', 'Download complete', 'Extracting', 'Pull complete', 'Already exists']

/** Bytes and layers that were fetched; what the engine had already counts as a layer without bytes. */
export class PullProgress {
  readonly #layers = new Map<string, Layer>()
  #isCurrent = false

  note({ id, status = '', progressDetail }: PullLine): void {
    if (status.startsWith('Status: Image is up to date')) this.#isCurrent = true
    // The first line names the tag as its id.
    if (id === undefined || status.startsWith('Pulling from')) return
    const known = this.#layers.get(id) ?? NOTHING
    const { current, total } = progressDetail ?? {}
    if (status === 'Downloading' && current !== undefined)
      this.#layers.set(id, { ...known, done: current, total: Math.max(known.total, total ?? 0) })
    else if (ARRIVED.includes(status))
      this.#layers.set(id, { ...known, done: Math.max(known.done, known.total), arrived: true })
    else this.#layers.set(id, known)
  }

  get counts(): PullCounts {
    const all = [...this.#layers.values()]
    const sum = (of: (layer: Layer) => number): number => all.reduce((total, layer) => total + of(layer), 0)
    return {
      doneBytes: sum(({ done }) => done),
      totalBytes: sum(({ total }) => total),
      doneLayers: all.filter(({ arrived }) => arrived).length,
      layers: all.length,
    }
  }

  /** Everything known has arrived: the engine unpacks, the registry has nothing more to say. */
  get isUnpacking(): boolean {
    const { doneLayers, layers } = this.counts
    return layers > 0 && doneLayers === layers
  }

  /** The engine had this very image. */
  get isCurrent(): boolean {
    return this.#isCurrent
  }
}

/** One JSON document per line; a line that is none is skipped. */
export async function* pullLines(stream: AsyncIterable<Uint8Array>): AsyncIterable<PullLine> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines.flatMap(parseLine)
  }
  yield* parseLine(rest)
}

function parseLine(text: string): PullLine[] {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? [value as PullLine] : []
  } catch {
    return []
  }
}
