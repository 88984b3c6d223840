// The small pieces all request signatures share: percent-encoding, canonical queries and
// headers, digests, basic ISO dates and a comparison that takes the same time for any difference.
import { hash, timingSafeEqual } from 'node:crypto'

/**
 * A request as signatures see it. `path` and `query` (without `?`) are as on the wire, still percent-encoded;
 * header names are lower case and values are what node:http shows (one character per byte).
 */
export type SignableRequest = {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: Readonly<Record<string, string>>
}

/** Finds the secret key of an access key, of a temporary one by its token; undefined when there is no such key. */
export type LookupSecret = (accessKey: string, securityToken: string | undefined) => string | undefined

/** Why a signature was refused. `missing` means: this request carries no signature of the kind asked for. */
export type SignatureFailure = {
  readonly ok: false
  readonly reason: 'missing' | 'malformed' | 'unknown-key' | 'mismatch' | 'expired'
  readonly message: string
}

/** A failed verification, as data. */
export const failure = (reason: SignatureFailure['reason'], message: string): SignatureFailure => ({
  ok: false,
  reason,
  message,
})

/** Hex sha256 of the empty string, the body hash of requests without a body. */
export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** How far a request's date may be from ours: what both AWS and Huawei Cloud allow. */
export const MAX_SKEW_MS = 15 * 60_000

/** Lower-case hex sha256. */
export const sha256Hex = (data: Uint8Array | string): string => hash('sha256', data, 'hex')

const BLOCK_BYTES = 64

/**
 * HMAC-SHA256 as bytes. By two plain digests (RFC 2104), because every createHmac makes a key object of its own, which
 * costs more than all the rest of a signature.
 */
export function hmacSha256(key: Uint8Array | string, data: Uint8Array | string): Buffer {
  const given = typeof key === 'string' ? Buffer.from(key) : key
  const bytes = given.length > BLOCK_BYTES ? hash('sha256', given, 'buffer') : given
  const message = typeof data === 'string' ? Buffer.from(data) : data
  const inner = Buffer.alloc(BLOCK_BYTES + message.length, 0x36)
  const outer = Buffer.alloc(BLOCK_BYTES + 32, 0x5c)
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0
    inner[at] = byte ^ 0x36
    outer[at] = byte ^ 0x5c
  }
  inner.set(message, BLOCK_BYTES)
  outer.set(hash('sha256', inner, 'buffer'), BLOCK_BYTES)
  return hash('sha256', outer, 'buffer')
}

/** Compares two hex signatures in constant time; different lengths are simply different. */
export function sameSignature(one: string, other: string): boolean {
  const a = Buffer.from(one)
  const b = Buffer.from(other)
  return a.length === b.length && timingSafeEqual(a, b)
}

const hexByte = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`

/** Percent-encodes everything but the unreserved characters of RFC 3986, as UTF-8. */
export const percentEncode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => hexByte(character.charCodeAt(0)))

/** Percent-encodes an object key or path and keeps its slashes. */
export const percentEncodePath = (path: string): string => path.split('/').map(percentEncode).join('/')

/**
 * Brings percent-encoded text into its one canonical spelling, byte for byte: escapes of unreserved
 * characters are undone, all others are upper case, and whatever should have been escaped is. An escaped
 * slash becomes a slash when `keep` is `/`. Never throws, also not for escapes that are no UTF-8.
 */
export function canonicalEscapes(raw: string, keep: '/' | ''): string {
  return raw.replace(/%[0-9a-fA-F]{2}|[^A-Za-z0-9\-._~]/gu, (found) => {
    if (found.length === 3 && found.startsWith('%')) {
      const byte = Number.parseInt(found.slice(1), 16)
      const character = String.fromCharCode(byte)
      return /[A-Za-z0-9\-._~]/.test(character) || character === keep ? character : hexByte(byte)
    }
    if (found === keep) return found
    return [...Buffer.from(found)].map(hexByte).join('')
  })
}

/** The pairs of a raw query, canonically escaped, in the order received. `+` is a space, as in forms. */
export function queryPairs(raw: string): Array<readonly [name: string, value: string]> {
  return raw
    .split('&')
    .filter((piece) => piece !== '')
    .map((piece) => {
      const at = piece.indexOf('=')
      const [name, value] = at < 0 ? [piece, ''] : [piece.slice(0, at), piece.slice(at + 1)]
      const canonical = (text: string) => canonicalEscapes(text.replaceAll('+', '%20'), '')
      return [canonical(name), canonical(value)] as const
    })
}

/** Undoes percent-encoding; undefined when the bytes are no UTF-8 or an escape is broken. */
export function percentDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** Orders strings by code unit, as sorting bytes of ASCII does; `localeCompare` would not. */
export const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** `20260131T235959Z` of a date. */
export const basicIsoDate = (date: Date): string => date.toISOString().replace(/[-:]|\.\d{3}/g, '')

/** Reads `20260131T235959Z`; undefined when it is anything else. */
export function parseBasicIsoDate(text: string): Date | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second] = match
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(date.getTime()) ? undefined : date
}

/** A header value with every non-ASCII character spelled as its UTF-8 bytes, the form HTTP/1 carries. */
export const wireHeader = (value: string): string => Buffer.from(value, 'utf8').toString('latin1')

/** Says by how much a date is off, in words that tell whose clock to look at. */
export function skewMessage(field: string, date: string, now: Date): string {
  const offS = Math.round(((parseBasicIsoDate(date)?.getTime() ?? 0) - now.getTime()) / 1000)
  const minutes = Math.floor(Math.abs(offS) / 60)
  const words = `${minutes} min ${Math.abs(offS) % 60} s ${offS < 0 ? 'behind' : 'ahead of'}`
  return `${field} ${date} is ${words} the server's clock (${basicIsoDate(now)}); at most 15 minutes are allowed, so set the clock of the machine that sends`
}
