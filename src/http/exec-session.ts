// One session: frames in, frames out, each direction no faster than the other end takes it.
import type { RawData, WebSocket } from 'ws'
import { AppError } from '../api/error.ts'
import { EXEC_FRAME_BYTES, EXEC_STREAM, type ExecOutput, execInput } from '../api/exec.ts'
import type { ExecSession } from '../job/ports.ts'

const PING_MS = 20_000
/** Bytes on their way to a client that reads slowly; then the program waits. */
const HIGH_WATER = 4 << 20

/** Resolves to the exit code, null when the client went away first. Never rejects. */
export async function runSession(
  connection: WebSocket,
  open: (signal: AbortSignal) => Promise<ExecSession>,
  stopping: AbortSignal,
): Promise<number | null> {
  const gone = new AbortController()
  connection.once('close', () => gone.abort(new Error('the client went away')))
  connection.on('error', () => connection.terminate())
  const signal = AbortSignal.any([gone.signal, stopping])
  const stopPings = keepAlive(connection)
  try {
    await using session = await open(signal)
    const stopReading = readFrames(connection, session)
    for await (const { stream, bytes } of session.output)
      await sendBytes(connection, EXEC_STREAM[stream], bytes)
    stopReading()
    const code = await session.exitCode
    if (gone.signal.aborted) return null
    tell(
      connection,
      stopping.aborted ? { type: 'error', message: 'the server is stopping' } : { type: 'exit', code },
    )
    return code
  } catch (error) {
    if (!gone.signal.aborted)
      tell(connection, {
        type: 'error',
        message: error instanceof AppError ? error.message : 'the command could not be run',
      })
    return null
  } finally {
    stopPings()
    connection.resume()
    connection.close()
  }
}

/** A peer that does not answer two pings is gone, even if nothing says so. */
function keepAlive(connection: WebSocket): () => void {
  let isAlive = true
  connection.on('pong', () => {
    isAlive = true
  })
  const timer = setInterval(() => {
    if (!isAlive) return connection.terminate()
    isAlive = false
    connection.ping()
  }, PING_MS)
  return () => clearInterval(timer)
}

/** Frames of the client, one after the other; reading pauses while the program is slow to take them. */
function readFrames(connection: WebSocket, session: ExecSession): () => void {
  let turn: Promise<void> = Promise.resolve()
  const onMessage = (data: RawData, isBinary: boolean): void => {
    connection.pause()
    turn = turn
      .then(() => handleFrame(Buffer.from(data as Buffer), isBinary, session))
      .catch(() => connection.close(1007, 'a frame nobody understands'))
      .finally(() => connection.resume())
  }
  connection.on('message', onMessage)
  connection.resume()
  return () => connection.off('message', onMessage)
}

async function handleFrame(frame: Buffer, isBinary: boolean, session: ExecSession): Promise<void> {
  if (isBinary) {
    if (frame[0] !== EXEC_STREAM.stdin) throw new Error('not standard input')
    await session.write(frame.subarray(1))
    return
  }
  const message = execInput.parse(JSON.parse(frame.toString('utf8')))
  if (message.type === 'end') session.end()
  else await session.resize(message)
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
