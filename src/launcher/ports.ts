// What the launcher needs of object storage, so narrow that it can be handed in.

export type Moved = { readonly objects: number; readonly bytes: number }

export type ObjectPort = {
  /** Brings everything under a folder URL into a local folder. An empty folder gives 0 objects. */
  download(url: string, localDir: string, signal: AbortSignal): Promise<Moved>
  /** Sends the contents of a local folder below a folder URL. A folder that does not exist gives 0 objects. */
  upload(localDir: string, url: string, signal: AbortSignal): Promise<Moved>
  /** Up to `limit` names found under a folder URL, relative to it. */
  list(url: string, limit: number, signal: AbortSignal): Promise<string[]>
}

/** Takes a chunk of a program's output; a promise asks the reader to wait. */
export type OutputSink = { write(chunk: Buffer): void | Promise<void>; end(): Promise<void> }
