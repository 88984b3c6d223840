// What every transfer takes and answers.
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

/** What was moved. `bytes` are those of the files. */
export type TransferCounts = {
  readonly files: number
  readonly bytes: number
  readonly skipped: readonly Skipped[]
}

/** Told as bytes and files arrive; the totals are known from the start. */
export type TransferProgress = {
  readonly files: number
  readonly bytes: number
  readonly totalFiles: number
  readonly totalBytes: number
}

export type TransferOptions = {
  readonly client: ObjectClient
  readonly bucket: string
  /** Requests under way at once; 8 when absent. */
  readonly concurrency?: number
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: TransferProgress) => void
}

export const DEFAULT_CONCURRENCY = 8
