// What the launcher needs of object storage, so narrow that it can be handed in.

/** One thing that was left out, and why. */
export type LeftOut = { readonly name: string; readonly reason: string }

/** A file that is an object of the same bytes: its name below the folder. `crc32` is of the whole, null where nobody knows it. */
export type StoredFile = {
  readonly name: string
  readonly size: number
  readonly etag: string
  readonly crc32: string | null
}

export type Moved = {
  readonly objects: number
  readonly bytes: number
  readonly leftOut: readonly LeftOut[]
  readonly files: readonly StoredFile[]
}

export type MoveProgress = {
  readonly files: number
  readonly bytes: number
  readonly totalFiles: number
  readonly totalBytes: number
}

/** A file to send: its name below the folder URL, with "/", and where its bytes are. */
export type FileToSend = { readonly name: string; readonly path: string }

/** How sending a file ended: it is an object now, or it was rewritten meanwhile, is gone or cannot be read, and nothing was stored. */
export type SendResult =
  | { readonly state: 'sent'; readonly bytes: number; readonly etag: string; readonly crc32: string | null }
  | { readonly state: 'changed' | 'gone' }
  | { readonly state: 'unreadable'; readonly reason: string }

export type ObjectPort = {
  /** Brings everything under a folder URL into a local folder. An empty folder gives 0 objects. */
  download(
    url: string,
    localDir: string,
    signal: AbortSignal,
    onProgress?: (progress: MoveProgress) => void,
  ): Promise<Moved>
  /** Sends files below a folder URL, several at once; each becomes an object whole or not at all. */
  send(
    files: readonly FileToSend[],
    url: string,
    signal: AbortSignal,
    onResult: (file: FileToSend, result: SendResult) => void,
  ): Promise<void>
  /** Stores small text as one object. */
  write(url: string, text: string, signal: AbortSignal): Promise<void>
  /** Deletes an object; an absent one is fine. */
  remove(url: string, signal: AbortSignal): Promise<void>
  /** Up to `limit` names found under a folder URL, relative to it. */
  list(url: string, limit: number, signal: AbortSignal): Promise<string[]>
  /** Moves the files that moxing asks for, as src/storage/move-service.ts describes. Never rejects once it has begun. */
  move(input: AsyncIterable<Uint8Array>, tell: (line: string) => void, signal: AbortSignal): Promise<void>
}

/** Takes a chunk of a program's output; a promise asks the reader to wait. */
export type OutputSink = { write(chunk: Buffer): void | Promise<void>; end(): Promise<void> }
