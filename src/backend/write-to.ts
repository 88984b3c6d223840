// Writing with back-pressure.

/** Resolves when the bytes are on their way: whoever waits for it does not pile them up. */
export async function writeTo(stream: NodeJS.WritableStream, bytes: Uint8Array): Promise<void> {
  if (stream.write(bytes) || !stream.writable) return
  await new Promise<void>((resolve) => {
    const done = (): void => {
      stream.off('drain', done)
      stream.off('close', done)
      resolve()
    }
    stream.once('drain', done)
    stream.once('close', done)
  })
}
