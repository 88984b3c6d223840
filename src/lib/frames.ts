// Frames of a WebSocket, one after the other.
import type { RawData, WebSocket } from 'ws'

export type FrameReader = {
  /** Takes no more frames. */
  stop(): void
  /** Resolves when every frame that came so far is through. */
  idle(): Promise<void>
}

/** Hands on one frame at a time; reading pauses until it was taken. What `take` throws goes to `onError`. */
export function readInTurn(
  socket: WebSocket,
  take: (data: Buffer, isBinary: boolean) => Promise<void>,
  onError: (error: unknown) => void,
): FrameReader {
  let turn: Promise<void> = Promise.resolve()
  let waiting = 0
  const onMessage = (data: RawData, isBinary: boolean): void => {
    // One read of the socket can bring many frames: all of them have to be through before the next.
    waiting++
    socket.pause()
    turn = turn
      .then(() => take(data as Buffer, isBinary))
      .catch(onError)
      .finally(() => {
        waiting--
        if (waiting === 0) socket.resume()
      })
  }
  socket.on('message', onMessage)
  return { stop: () => void socket.off('message', onMessage), idle: () => turn }
}
