// HTTP over a Unix socket: to the server (task.sock) and, from inside the user's program, to the launcher (launcher.sock).
// node:http and not a library, because it is there before anything else is loaded.
import { Agent, type ClientRequest, type RequestOptions, request } from 'node:http'

export type Reply = { readonly status: number; readonly body: Buffer }

export type Ask = {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: Uint8Array | string
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

export class TaskClient implements Disposable {
  readonly socketPath: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 })

  constructor(socketPath: string) {
    this.socketPath = socketPath
  }

  /** Sends one request and reads the whole answer. Rejects when nobody answers in time or the signal aborts. */
  async ask({ method, path, body, timeoutMs, signal }: Ask): Promise<Reply> {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    const headers = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
    const sent = request({
      socketPath: this.socketPath,
      agent: this.#agent,
      method,
      path,
      headers,
      signal: bounded,
      // Else Node works out a name for TLS, and compiles large patterns for that.
      servername: '',
    } as RequestOptions)
    const reply = readReply(sent)
    sent.end(body)
    return reply
  }

  /** Opens a request whose body is written piece by piece; `reply` settles after its end. */
  open(path: string): { readonly sent: ClientRequest; readonly reply: Promise<Reply> } {
    const sent = request({ socketPath: this.socketPath, agent: false, method: 'POST', path })
    sent.flushHeaders()
    return { sent, reply: readReply(sent) }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }
}

function readReply(sent: ClientRequest): Promise<Reply> {
  return new Promise((resolve, reject) => {
    sent.on('error', reject)
    sent.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }))
      response.on('error', reject)
      response.on('close', () => reject(new Error('the answer was cut off')))
    })
  })
}
