// What every transfer takes, tells and answers.
import type { ObjectClient } from '../object-client.ts'

/** One thing left out, by key or relative path, and why. */
export type Skipped = { readonly name: string; readonly reason: SkipReason }

export type SkipReason =
  | 'name longer than 255 bytes'
  | 'path longer than 4095 bytes'
  | 'empty name between slashes'
  | 'folder marker with content'
  | 'key longer than 1024 bytes'
  | 'name is not UTF-8'
  | 'symbolic link to nothing'
  | 'symbolic link out of the folder'
  | 'symbolic link to a folder'
  | 'not a regular file'
  | 'cannot be read'
  | 'vanished'
  | 'changed while it was moved'

/** What was moved. `bytes` are those of the files; `kept` counts files that an earlier, broken try had moved already. */
export type TransferCounts = {
  readonly files: number
  readonly bytes: number
  readonly kept: number
  readonly skipped: readonly Skipped[]
}

/** Told as bytes and files arrive; the totals are known from the start. */
export type TransferProgress = {
  readonly files: number
  readonly bytes: number
  readonly totalFiles: number
  readonly totalBytes: number
  /** Of the last seconds. */
  readonly bytesPerSecond: number
  /** Undefined while nothing has moved. */
  readonly etaMs: number | undefined
}

/** What happens on the way, beside progress. */
export type TransferEvent =
  /** A file or object is complete under its own name. */
  | { readonly kind: 'moved'; readonly name: string; readonly bytes: number }
  /** An earlier try had moved it. */
  | { readonly kind: 'kept'; readonly name: string; readonly bytes: number }
  /** Something went wrong that may pass; it is tried again after `waitMs`. */
  | { readonly kind: 'retry'; readonly name: string; readonly reason: string; readonly waitMs: number }
  /** The store has too much to do; so many requests are sent at once from now on. */
  | { readonly kind: 'throttled'; readonly width: number }
  /** A file changed while it was sent, and is sent again. */
  | { readonly kind: 'changed'; readonly name: string }

/**
 * How much is checked of what arrives: `offered` is whatever the store has a cheap checksum for (CRC-32 of the whole,
 * or an ETag that is an md5), `size` is length and ETag only.
 */
export type Verify = 'offered' | 'size'

export type TransferOptions = {
  readonly client: ObjectClient
  readonly bucket: string
  /** Most requests under way at once; 32 when absent. Fewer are sent when more does not help, or the store objects. */
  readonly concurrency?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly verify?: Verify | undefined
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined
  readonly onEvent?: ((event: TransferEvent) => void) | undefined
  /**
   * Whether what a broken transfer has moved is left for the next one: downloads keep it in a folder of their own
   * beside the files, uploads in `stateDir`. Absent: nothing is left behind.
   */
  readonly resume?: { readonly stateDir: string } | undefined
}

export const DEFAULT_CONCURRENCY = 32
