// A TCP listener as an owner: the port it got, and a close that does not wait for idle connections.
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { ConfigError, type Endpoint } from '../config.ts'
import { answerMalformed, type Refusal } from './malformed.ts'
import type { Tls } from './tls.ts'

export type Listener = AsyncDisposable & { readonly url: string; readonly server: Server }

export type ListenOptions = {
  /** Names the address to the user. */
  readonly flag: string
  readonly endpoint: Endpoint
  readonly handle: RequestListener
  /** Whoever dribbles headers holds a connection for no longer than this. */
  readonly headersTimeoutMs: number
  /** A request has to arrive whole within this; 0 = no limit, for bodies that may be large. */
  readonly requestTimeoutMs: number
  /** A connection on which nothing moves for so long is closed; 0 = never, for those who wait for an answer. */
  readonly idleTimeoutMs: number
  /** What is said to who sends what is no request. */
  readonly refuse: (code: string | undefined) => Refusal
  readonly tls: Tls | null
}

/** Throws ConfigError when the address cannot be had. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { flag, endpoint, tls } = options
  const server = makeServer(options)
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
    url: `${tls === null ? 'http' : 'https'}://${host}:${port}`,
    server,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

function makeServer(wanted: ListenOptions): Server {
  const { handle, headersTimeoutMs, requestTimeoutMs, idleTimeoutMs, refuse, tls } = wanted
  const options = {
    // Only WebSockets are upgrades here; whoever offers another protocol (h2c) gets HTTP/1.1, as RFC 9110 §7.8 allows.
    shouldUpgradeCallback: ({ headers }: IncomingMessage): boolean =>
      server.listenerCount('upgrade') > 0 && headers.upgrade?.toLowerCase() === 'websocket',
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: headersTimeoutMs / 5,
  }
  const server: Server =
    tls === null ? createServer(options, handle) : createTlsServer({ ...options, ...tls.now }, handle)
  if (tls !== null)
    tls.onChange((pair) => (server as ReturnType<typeof createTlsServer>).setSecureContext(pair))
  server.setTimeout(idleTimeoutMs)
  server.on('clientError', (error: NodeJS.ErrnoException, socket) =>
    answerMalformed(socket, refuse(error.code)),
  )
  return server
}

/** Can only this machine reach it? */
export const isLoopback = ({ host }: Endpoint): boolean =>
  host === 'localhost' || host === '::1' || /^127\./.test(host)
