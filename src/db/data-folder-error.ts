// Why the data folder cannot be used: read by the person who starts the server, never sent to a client.

/** The message names the file, what is wrong with it and what to do. */
export class DataFolderError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'DataFolderError'
  }
}
