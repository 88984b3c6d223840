// A command in a task, from the caller's side.
import { WebSocket } from 'ws'
import { EXEC_FRAME_BYTES, EXEC_PING_MS, EXEC_SILENT_MS, EXEC_STREAM, execOutput } from '../api/exec.ts'
import { readInTurn } from '../lib/frames.ts'
import { toApiError, UnreachableError } from './api-error.ts'

export type ExecHandlers = {
  /** Nothing more comes until a promise it returns has settled: back-pressure. */
  readonly onOutput: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => unknown
}

/** A session that has begun. */
export type ExecConnection = AsyncDisposable & {
  /** Resolves when the bytes are on their way. */
  write(bytes: Uint8Array): Promise<void>
  end(): void
  resize(size: { readonly columns: number; readonly rows: number }): void
  /** The command's exit code. Rejects when it was cut off: the task ended, the server stops, the connection broke. */
  readonly exitCode: Promise<number>
}

/**
 * Connects to a signed address. Throws ApiError for a refusal, UnreachableError when nobody is there, or the signal's
 * reason.
 */
export async function openExec(
  url: string,
  headers: Readonly<Record<string, string>>,
  handlers: ExecHandlers,
  signal?: AbortSignal,
): Promise<ExecConnection> {
  signal?.throwIfAborted()
  const socket = new WebSocket(url, { headers, maxPayload: EXEC_FRAME_BYTES + 1, perMessageDeflate: false })
  const exitCode = readFrames(socket, handlers)
  exitCode.catch(() => undefined)
  const onAbort = (): void => socket.terminate()
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    await opened(socket, url)
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
  const stopWatch = watchSilence(socket)
  return {
    write: async (bytes) => {
      for (let offset = 0; offset < bytes.length; offset += EXEC_FRAME_BYTES)
        await send(
          socket,
          Buffer.concat([
            Buffer.from([EXEC_STREAM.stdin]),
            bytes.subarray(offset, offset + EXEC_FRAME_BYTES),
          ]),
        )
    },
    end: () => void send(socket, JSON.stringify({ type: 'end' })),
    resize: ({ columns, rows }) => void send(socket, JSON.stringify({ type: 'resize', columns, rows })),
    exitCode,
    [Symbol.asyncDispose]: async () => {
      stopWatch()
      socket.terminate()
    },
  }
}

const send = (socket: WebSocket, data: Uint8Array | string): Promise<void> =>
  new Promise((resolve) => socket.send(data, { binary: typeof data !== 'string' }, () => resolve()))

/** Hands on what comes, one piece after the other, and the exit code after the last of them. */
function readFrames(socket: WebSocket, { onOutput }: ExecHandlers): Promise<number> {
  const exit = Promise.withResolvers<number>()
  const take = async (data: Buffer, isBinary: boolean): Promise<void> => {
    if (isBinary) {
      await onOutput(data[0] === EXEC_STREAM.stderr ? 'stderr' : 'stdout', data.subarray(1))
      return
    }
    const message = execOutput.parse(JSON.parse(data.toString('utf8')))
    if (message.type === 'exit') exit.resolve(message.code)
    else exit.reject(new Error(message.message))
  }
  const reader = readInTurn(socket, take, exit.reject)
  socket.on('close', () => void reader.idle().then(() => exit.reject(new Error('the connection was lost'))))
  return exit.promise
}

/** The server pings; when nothing comes for long while we listen, it is gone, even if nothing says so. */
function watchSilence(socket: WebSocket): () => void {
  let silentTurns = 0
  const hear = (): void => {
    silentTurns = 0
  }
  socket.on('ping', hear)
  socket.on('message', hear)
  const timer = setInterval(() => {
    if (socket.isPaused) hear()
    else if (++silentTurns * EXEC_PING_MS > EXEC_SILENT_MS) socket.terminate()
  }, EXEC_PING_MS)
  socket.once('close', () => clearInterval(timer))
  return () => clearInterval(timer)
}

function opened(socket: WebSocket, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve())
    socket.once('unexpected-response', (_request, response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', (error) => reject(new UnreachableError(new URL(url).origin, error)))
      response.on('end', () => {
        const requestId = [response.headers['x-request-id']].flat()[0]
        reject(toApiError(response.statusCode ?? 0, Buffer.concat(parts).toString('utf8'), requestId))
      })
    })
    // Also after it was opened: an error without anybody to hear it would end the program.
    socket.on('error', (error) => reject(new UnreachableError(new URL(url).origin, error)))
  })
}
