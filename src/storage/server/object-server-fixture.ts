// The object server as a listener on an address or a Unix socket.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { ListenOptions } from 'node:net'

type Handler = (req: IncomingMessage, res: ServerResponse) => void

/** Where to listen: port 0 takes any free one; a socket's file must not exist yet. */
export type ObjectServerAddress =
  | { readonly host: string; readonly port: number }
  | { readonly socketPath: string }

export type ObjectServer = AsyncDisposable & {
  /** `http://host:port` as it came to be; empty for a socket. */
  readonly endpoint: string
}

const IDLE_MS = 120_000
const CLOSE_GRACE_MS = 2_000

/** Starts to listen. Rejects when the address is taken. Disposing lets requests under way end for two seconds. */
export async function listenObjectServer(
  handler: Handler,
  address: ObjectServerAddress,
): Promise<ObjectServer> {
  // An upload may take hours; what counts is that bytes keep moving.
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 65_000 }, handler)
  server.setTimeout(IDLE_MS)
  const options: ListenOptions =
    'socketPath' in address ? { path: address.socketPath } : { host: address.host, port: address.port }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const bound = server.address()
  const host =
    'host' in address && address.host.includes(':') ? `[${address.host}]` : 'host' in address && address.host
  return {
    endpoint: bound !== null && typeof bound === 'object' ? `http://${host}:${bound.port}` : '',
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      const timer = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS)
      await closed
      clearTimeout(timer)
    },
  }
}
