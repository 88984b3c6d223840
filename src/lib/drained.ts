// Waiting for a reader that is behind.

const EVENTS = ['drain', 'close', 'error']

/** Resolves when a stream that was full has room again, or will never take anything any more. Never rejects. */
export const drained = (stream: NodeJS.EventEmitter): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      for (const event of EVENTS) stream.off(event, done)
      resolve()
    }
    for (const event of EVENTS) stream.on(event, done)
  })
