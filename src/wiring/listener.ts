// A TCP listener as an owner: the port it got, and a close that does not wait for idle connections.
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfigError, type Endpoint } from '../config.ts'

export type Listener = AsyncDisposable & { readonly url: string; readonly server: Server }

/**
 * Throws ConfigError when the address cannot be had. `flag` names it to the user. A request has to arrive whole within
 * `requestTimeoutMs`; 0 = no limit, for bodies that may be large.
 */
export async function listen(
  flag: string,
  endpoint: Endpoint,
  handle: RequestListener,
  requestTimeoutMs: number,
): Promise<Listener> {
  // Only WebSockets are upgrades here; whoever offers another protocol (h2c) gets HTTP/1.1, as RFC 9110 §7.8 allows.
  const shouldUpgradeCallback = ({ headers }: IncomingMessage): boolean =>
    server.listenerCount('upgrade') > 0 && headers.upgrade?.toLowerCase() === 'websocket'
  const server: Server = createServer({ shouldUpgradeCallback }, handle)
  server.requestTimeout = requestTimeoutMs
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new ConfigError(
          `${flag}: ${endpoint.host}:${endpoint.port} cannot be used (${cause.code}); valid: a free address of this machine`,
          { cause },
        ),
      ),
    )
    server.listen(endpoint.port, endpoint.host, () => resolve())
  })
  const { port } = server.address() as AddressInfo
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host
  return {
    url: `http://${host}:${port}`,
    server,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}
