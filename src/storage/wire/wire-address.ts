// Where a store listens, and how a socket to it is opened. Sockets read into a buffer that they are given:
// Node's own streams cost two to four times the CPU for bulk bytes.
import { connect, isIP, type OnReadOpts, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** `ca` is PEM text of certificates trusted instead of the system's; `rejectUnauthorized` is never off. */
export type WireAddress =
  | { readonly socketPath: string }
  | {
      readonly host: string
      readonly port: number
      readonly tls: boolean
      readonly ca?: string | undefined
      /** The name that the certificate must have; `host` when absent. */
      readonly serverName?: string
    }

/** Words for messages: `host:port`, or the path. */
export const addressText = (address: WireAddress): string =>
  'socketPath' in address ? address.socketPath : `${address.host}:${address.port}`

/** A socket that is being connected; `onread` gets every byte. */
export function openSocket(address: WireAddress, onread: OnReadOpts): Socket {
  if ('socketPath' in address) return connect({ path: address.socketPath, onread })
  const { host, port, tls, ca, serverName = host } = address
  if (!tls) return connect({ host, port, onread, noDelay: true })
  // Node takes `onread` here as it does for plain sockets; its type declarations do not know.
  const reading: object = { onread }
  return connectTls({
    ...{ host, port, ...reading },
    ...(isIP(serverName) ? {} : { servername: serverName }),
    ...(ca === undefined ? {} : { ca }),
    ALPNProtocols: ['http/1.1'],
  })
}
