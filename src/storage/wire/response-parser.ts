// Takes the answers of one HTTP/1.1 connection apart as bytes arrive, without copying bodies: heads, then each
// body in the pieces it came in. Framing follows RFC 9112 §6.3. Knows no socket.
import { WireError } from './wire-error.ts'

/** Header names are in lower case; repeated ones are joined by a comma. */
export type ResponseHead = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Whether another answer may follow on this connection. */
  readonly keepAlive: boolean
}

export type ParserEvents = {
  /** Method of the request whose head comes next: an answer to HEAD has no body. */
  method(): string
  head(head: ResponseHead): void
  /** The bytes are valid only during the call. */
  data(bytes: Buffer): void
  end(): void
}

export type ResponseParser = {
  /** Takes what arrived. Throws WireError NotHttp; then the connection is of no further use. */
  push(bytes: Buffer): void
  /** The other side has closed: true when that is a proper end of what was under way. */
  close(): boolean
}

type State = 'head' | 'length' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers' | 'until-close'

const MAX_HEAD_BYTES = 64 * 1024
const NOTHING = Buffer.alloc(0)

/** Reads a head without its blank line. Throws WireError NotHttp. */
export function parseHead(text: string): ResponseHead {
  const lines = text.split('\r\n')
  const first = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(lines[0] ?? '')
  if (!first)
    throw new WireError('NotHttp', `The answer begins with ${JSON.stringify((lines[0] ?? '').slice(0, 80))}`)
  const headers: Record<string, string> = {}
  for (let at = 1; at < lines.length; at += 1) {
    const line = lines[at] as string
    const colon = line.indexOf(':')
    if (colon <= 0) throw new WireError('NotHttp', 'A header of the answer has no name')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    const known = headers[name]
    headers[name] = known === undefined ? value : `${known}, ${value}`
  }
  const connection = headers['connection']?.toLowerCase()
  const keepAlive = first[1] === '1' ? connection !== 'close' : connection === 'keep-alive'
  return { status: Number(first[2]), headers, keepAlive }
}

/** Other protocols greet with a line and then wait; a head that will never end is told at once. */
function refuseGreeting(bytes: Buffer): Buffer {
  const begin = bytes.toString('latin1', 0, 80)
  if (bytes.length >= 5 && !begin.startsWith('HTTP/')) parseHead(begin)
  return NOTHING
}

/** How the body of an answer ends: after so many bytes, in chunks, or with the connection. */
type Framing = number | 'chunks' | 'close'

function framingOf({ status, headers }: ResponseHead, method: string): Framing {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return 0
  const encoding = headers['transfer-encoding']
  if (encoding !== undefined) {
    if (encoding.toLowerCase() === 'chunked') return 'chunks'
    throw new WireError('NotHttp', `transfer-encoding ${JSON.stringify(encoding)} is not known here`)
  }
  const length = headers['content-length']
  if (length === undefined) return 'close'
  if (!/^\d{1,15}$/.test(length))
    throw new WireError('NotHttp', `content-length is ${JSON.stringify(length)}, not a number`)
  return Number(length)
}

/**
 * Whether nothing may follow this answer. radosgw sends the end of a chunked body behind an answer to HEAD, which has
 * no body: what comes next on such a connection is not to be trusted.
 */
const endsConnection = ({ headers }: ResponseHead, framing: Framing): boolean =>
  framing === 'close' || (framing === 0 && headers['transfer-encoding'] !== undefined)

/** A parser for one connection. */
export function createResponseParser(events: ParserEvents): ResponseParser {
  let state: State = 'head'
  let left = 0
  // The begin of a head or line whose end has not come yet.
  let kept: Buffer = NOTHING

  const finish = () => {
    state = 'head'
    events.end()
  }

  /** Everything before `mark`, or undefined while it has not come; what follows is `rest`. */
  const until = (bytes: Buffer, mark: string): { text: string; rest: Buffer } | undefined => {
    const all = kept.length === 0 ? bytes : Buffer.concat([kept, bytes])
    const at = all.indexOf(mark, Math.max(0, kept.length - mark.length), 'latin1')
    if (at < 0) {
      if (all.length > MAX_HEAD_BYTES) throw new WireError('NotHttp', 'The head of the answer does not end')
      // A copy: the caller's buffer is used again.
      kept = Buffer.from(all)
      return undefined
    }
    kept = NOTHING
    return { text: all.toString('latin1', 0, at), rest: all.subarray(at + mark.length) }
  }

  const readHead = (bytes: Buffer): Buffer => {
    const found = until(bytes, '\r\n\r\n')
    if (!found) return refuseGreeting(kept)
    const head = parseHead(found.text)
    // 100 Continue and its kin announce the real one.
    if (head.status < 200) return found.rest
    const framing = framingOf(head, events.method())
    events.head(endsConnection(head, framing) ? { ...head, keepAlive: false } : head)
    if (framing === 'chunks') state = 'chunk-size'
    else if (framing === 'close') state = 'until-close'
    else if (framing === 0) finish()
    else {
      state = 'length'
      left = framing
    }
    return found.rest
  }

  const readData = (bytes: Buffer): Buffer => {
    const mine = bytes.length > left ? bytes.subarray(0, left) : bytes
    left -= mine.length
    events.data(mine)
    if (left === 0) {
      if (state === 'length') finish()
      else state = 'chunk-end'
    }
    return bytes.subarray(mine.length)
  }

  const readChunkLine = (bytes: Buffer): Buffer => {
    const found = until(bytes, '\r\n')
    if (!found) return NOTHING
    if (state === 'chunk-end') {
      if (found.text !== '') throw new WireError('NotHttp', 'A chunk of the answer is longer than its size')
      state = 'chunk-size'
    } else if (state === 'trailers') {
      if (found.text === '') finish()
    } else {
      const size = /^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i.exec(found.text)?.[1]
      if (size === undefined) throw new WireError('NotHttp', 'A chunk of the answer has no size')
      left = Number.parseInt(size, 16)
      state = left === 0 ? 'trailers' : 'chunk'
    }
    return found.rest
  }

  return {
    push(bytes) {
      for (let rest = bytes; rest.length > 0; ) {
        if (state === 'head') rest = readHead(rest)
        else if (state === 'length' || state === 'chunk') rest = readData(rest)
        else if (state === 'until-close') {
          events.data(rest)
          return
        } else rest = readChunkLine(rest)
      }
    },
    close() {
      if (state === 'until-close') finish()
      return state === 'head' && kept.length === 0
    },
  }
}
