// A command in a task, from the caller's side.
import { WebSocket } from 'ws'
import { EXEC_FRAME_BYTES, EXEC_STREAM, execOutput } from '../api/exec.ts'
import { toApiError, UnreachableError } from './api-error.ts'

export type ExecHandlers = {
  readonly onOutput: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => void
}

/** A session that has begun. */
export type ExecConnection = AsyncDisposable & {
  /** Resolves when the bytes are on their way. */
  write(bytes: Uint8Array): Promise<void>
  end(): void
  resize(size: { readonly columns: number; readonly rows: number }): void
  /** The command's exit code. Rejects when the connection breaks before it ended. */
  readonly exitCode: Promise<number>
}

/** Connects to a signed address. Throws ApiError for a refusal, UnreachableError when nobody is there. */
export async function openExec(
  url: string,
  headers: Readonly<Record<string, string>>,
  { onOutput }: ExecHandlers,
): Promise<ExecConnection> {
  const socket = new WebSocket(url, { headers, maxPayload: EXEC_FRAME_BYTES + 1, perMessageDeflate: false })
  const exit = Promise.withResolvers<number>()
  exit.promise.catch(() => undefined)
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) return onOutput(data[0] === EXEC_STREAM.stderr ? 'stderr' : 'stdout', data.subarray(1))
    const message = execOutput.parse(JSON.parse(data.toString('utf8')))
    if (message.type === 'exit') exit.resolve(message.code)
    else exit.reject(new Error(message.message))
  })
  socket.on('close', () => exit.reject(new Error('the connection was lost')))
  await opened(socket, url)
  const send = (data: Uint8Array | string) =>
    new Promise<void>((resolve) => socket.send(data, { binary: typeof data !== 'string' }, () => resolve()))
  return {
    write: async (bytes) => {
      for (let offset = 0; offset < bytes.length; offset += EXEC_FRAME_BYTES)
        await send(
          Buffer.concat([
            Buffer.from([EXEC_STREAM.stdin]),
            bytes.subarray(offset, offset + EXEC_FRAME_BYTES),
          ]),
        )
    },
    end: () => void send(JSON.stringify({ type: 'end' })),
    resize: ({ columns, rows }) => void send(JSON.stringify({ type: 'resize', columns, rows })),
    exitCode: exit.promise,
    [Symbol.asyncDispose]: async () => socket.terminate(),
  }
}

function opened(socket: WebSocket, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve())
    socket.once('unexpected-response', (_request, response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () =>
        reject(toApiError(response.statusCode ?? 0, Buffer.concat(parts).toString('utf8'), undefined)),
      )
    })
    socket.once('error', (error) => reject(new UnreachableError(new URL(url).origin, error)))
  })
}
