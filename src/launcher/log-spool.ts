// Everything a task prints, on disk before it is sent (decisions.md §2). The spool is the truth: what was not sent when
// the task ends is read from here by the server.

import { makeFolder } from '../lib/make-folder.ts'
import { ChangeSignal } from '../lib/signal.ts'
import { listSegments, listStreams, type Segment } from '../lib/spool-segments.ts'
import { StreamSpool } from './stream-spool.ts'

/** What the server has is kept up to this size all the same, should the server lose its end of a log. */
const KEEP_SHIPPED_BYTES = 64 * 1024 * 1024
const LARGEST_SEGMENT_BYTES = 16 * 1024 * 1024
/** How often a full disk is tried again before the task ends. */
const TELL_AGAIN_MS = 200

export type SpoolOptions = { readonly dir: string; readonly limitBytes: number }

export class LogSpool implements Disposable {
  readonly dir: string
  readonly #limitBytes: number
  readonly #segmentBytes: number
  readonly #changed = new ChangeSignal()
  readonly #streams = new Map<string, StreamSpool>()
  #sizeBytes = 0

  private constructor(options: SpoolOptions, found: ReadonlyMap<string, readonly Segment[]>) {
    this.dir = options.dir
    this.#limitBytes = options.limitBytes
    this.#segmentBytes = Math.max(Math.min(LARGEST_SEGMENT_BYTES, Math.floor(options.limitBytes / 32)), 1024)
    for (const [stream, segments] of found) this.#open(stream, segments)
    this.#sizeBytes = this.#count()
  }

  /** Opens the folder, and goes on with what stands in it. */
  static async open(options: SpoolOptions): Promise<LogSpool> {
    makeFolder(options.dir)
    const found = new Map<string, Segment[]>()
    for (const stream of await listStreams(options.dir))
      found.set(stream, await listSegments(options.dir, stream))
    return new LogSpool(options, found)
  }

  /** Adds bytes to a stream; past the limit the oldest go, first those the server has. */
  append(stream: string, bytes: Uint8Array): void {
    if (bytes.length === 0) return
    const spool = this.#streams.get(stream) ?? this.#open(stream, [])
    spool.append(bytes)
    this.#sizeBytes += bytes.length
    if (this.#sizeBytes > Math.min(this.#limitBytes, KEEP_SHIPPED_BYTES)) this.#trim()
    this.#changed.notify('bytes')
  }

  /** The stream with most bytes that the server lacks, or null. */
  next(except: ReadonlySet<string>): string | null {
    const waiting = [...this.#streams].filter(
      ([name, spool]) => spool.unshippedBytes > 0 && !except.has(name),
    )
    return waiting.sort(([, a], [, b]) => b.unshippedBytes - a.unshippedBytes)[0]?.[0] ?? null
  }

  /** Next bytes to send of a stream, and where they belong. */
  take(stream: string, maxBytes: number): { offset: number; bytes: Buffer } {
    const spool = this.#streams.get(stream)
    const offset = spool?.shipped ?? 0
    return { offset, bytes: spool?.take(offset, maxBytes) ?? Buffer.alloc(0) }
  }

  /** The server has this much of a stream. */
  confirm(stream: string, length: number): void {
    this.#streams.get(stream)?.confirm(length)
    if (this.next(new Set()) === null) this.#changed.notify('shipped')
  }

  /** Resolves at the next append, or after `timeoutMs`. */
  changed(timeoutMs: number, signal: AbortSignal): Promise<void> {
    return this.#changed.wait('bytes', timeoutMs, signal)
  }

  /** Bytes that the disk refused and that no line of a log tells of. */
  get untoldBytes(): number {
    return [...this.#streams.values()].reduce((sum, spool) => sum + spool.untoldBytes, 0)
  }

  /** Resolves when the server has everything, what the disk refused told of, or after `timeoutMs`; says which. */
  async shipped(timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const told = this.#tellLosses()
      if (told && this.next(new Set()) === null) return true
      const leftMs = deadline - performance.now()
      if (leftMs <= 0) return false
      await this.#changed.wait('shipped', told ? leftMs : Math.min(leftMs, TELL_AGAIN_MS))
    }
  }

  /** Were all losses written down? A disk that was full may have room by now. */
  #tellLosses(): boolean {
    const before = this.#count()
    const told = [...this.#streams.values()].map((spool) => spool.tellLoss()).every(Boolean)
    this.#sizeBytes = this.#count()
    if (this.#sizeBytes > before) this.#changed.notify('bytes')
    return told
  }

  [Symbol.dispose](): void {
    for (const spool of this.#streams.values()) spool.close()
  }

  #open(stream: string, found: readonly Segment[]): StreamSpool {
    const spool = new StreamSpool({ dir: this.dir, stream, segmentBytes: this.#segmentBytes, found })
    this.#streams.set(stream, spool)
    return spool
  }

  #count(): number {
    return [...this.#streams.values()].reduce((sum, spool) => sum + spool.sizeBytes, 0)
  }

  #trim(): void {
    const spools = [...this.#streams.values()]
    this.#sizeBytes = this.#count()
    const over = (limitBytes: number) => this.#sizeBytes > limitBytes
    for (const spool of spools) {
      while (over(Math.min(this.#limitBytes, KEEP_SHIPPED_BYTES)) && spool.dropShipped())
        this.#sizeBytes = this.#count()
    }
    while (over(this.#limitBytes)) {
      const fullest = spools
        .sort((a, b) => b.unshippedBytes - a.unshippedBytes)
        .find((spool) => spool.dropUnshipped())
      if (!fullest) return
      this.#sizeBytes = this.#count()
    }
  }
}
