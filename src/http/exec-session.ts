// One session: frames in, frames out, each direction no faster than the other end takes it.
import type { WebSocket } from 'ws'
import { AppError } from '../api/error.ts'
import {
  EXEC_FRAME_BYTES,
  EXEC_PING_MS,
  EXEC_SILENT_MS,
  EXEC_STREAM,
  type ExecOutput,
  execInput,
} from '../api/exec.ts'
import type { ExecSession } from '../job/ports.ts'
import { readInTurn } from '../lib/frames.ts'

/** Bytes on their way to a client that reads slowly; then the program waits. */
const HIGH_WATER = 1 << 20

export type Pace = { readonly pingMs: number; readonly silentMs: number }

/** Resolves to the exit code, null when the session was cut off. Never rejects. */
export async function runSession(
  connection: WebSocket,
  stopping: AbortSignal,
  open: (signal: AbortSignal) => Promise<ExecSession>,
  pace: Pace = { pingMs: EXEC_PING_MS, silentMs: EXEC_SILENT_MS },
): Promise<number | null> {
  const gone = new AbortController()
  connection.once('close', () => gone.abort(new Error('the client went away')))
  connection.on('error', () => connection.terminate())
  const signal = AbortSignal.any([gone.signal, stopping])
  const stopPings = keepAlive(connection, pace)
  try {
    await using session = await open(signal)
    const stopReading = readFrames(connection, session)
    for await (const { stream, bytes } of session.output)
      await sendBytes(connection, EXEC_STREAM[stream], bytes)
    stopReading()
    const code = await session.exitCode
    signal.throwIfAborted()
    tell(connection, { type: 'exit', code })
    return code
  } catch (error) {
    if (!gone.signal.aborted) tell(connection, { type: 'error', message: messageOf(error, stopping) })
    return null
  } finally {
    stopPings()
    connection.resume()
    connection.close()
  }
}

function messageOf(error: unknown, stopping: AbortSignal): string {
  if (stopping.aborted) return 'the server is stopping'
  return error instanceof AppError ? error.message : 'the command could not be run'
}

/**
 * Ends the connection to a peer of which nothing was heard for too long. While bytes are stuck on their way out, or
 * the program is slow to take what came, silence says nothing: we do not listen, or the peer's answer stands behind
 * what it does not read. A ping to a peer that is gone fails all the same, and TCP gives up a dead one.
 */
function keepAlive(connection: WebSocket, { pingMs, silentMs }: Pace): () => void {
  // Counted in pings, not by the clock: while this process itself stood still nobody could be heard.
  let unanswered = 0
  const hear = (): void => {
    unanswered = 0
  }
  connection.on('pong', hear)
  connection.on('message', hear)
  const timer = setInterval(() => {
    if (connection.isPaused || connection.bufferedAmount > 0) hear()
    if (unanswered * pingMs > silentMs) return connection.terminate()
    unanswered++
    connection.ping()
  }, pingMs)
  return () => clearInterval(timer)
}

/** Reading pauses while the program is slow to take what came. */
function readFrames(connection: WebSocket, session: ExecSession): () => void {
  const reader = readInTurn(
    connection,
    (frame, isBinary) => handleFrame(frame, isBinary, session),
    () => connection.close(1007, 'a frame nobody understands'),
  )
  connection.resume()
  return reader.stop
}

async function handleFrame(frame: Buffer, isBinary: boolean, session: ExecSession): Promise<void> {
  if (isBinary) {
    if (frame[0] !== EXEC_STREAM.stdin) throw new Error('not standard input')
    await session.write(frame.subarray(1))
    return
  }
  const message = execInput.parse(JSON.parse(frame.toString('utf8')))
  if (message.type === 'end') session.end()
  // A program that has just ended has no size any more.
  else await session.resize(message).catch(() => undefined)
}

async function sendBytes(connection: WebSocket, stream: number, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length; offset += EXEC_FRAME_BYTES) {
    const frame = Buffer.concat([Buffer.from([stream]), bytes.subarray(offset, offset + EXEC_FRAME_BYTES)])
    const sent = new Promise<void>((resolve) => connection.send(frame, { binary: true }, () => resolve()))
    if (connection.bufferedAmount > HIGH_WATER) await sent
  }
}

const tell = (connection: WebSocket, message: ExecOutput): void =>
  connection.send(JSON.stringify(message), () => undefined)
