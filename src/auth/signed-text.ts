// Short documents that we hand out and get back: `PREFIX.<JSON in base64url>.<HMAC in base64url>`. Whoever has them can
// read them, nobody can make them; they need no row, and every server that has the data folder's secret.key knows them.
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'

/** A key for one purpose, derived from secret.key. */
export const purposeKey = (secretKey: Uint8Array, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secretKey, '', `ropeway ${purpose}`, 32))

const macOf = (key: Uint8Array, prefix: string, payload: string, bound: string): Buffer =>
  createHmac('sha256', key).update(`${prefix}.${payload}.${bound}`).digest()

/** Signs a document. `bound` is what has to come beside it, and is not in it. */
export function signText(key: Uint8Array, prefix: string, document: object, bound = ''): string {
  const payload = Buffer.from(JSON.stringify(document)).toString('base64url')
  return `${prefix}.${payload}.${macOf(key, prefix, payload, bound).toString('base64url')}`
}

/** The document of a text that `signText` made with the same key, prefix and bound; null for every other text. */
export function openText(key: Uint8Array, prefix: string, text: string, bound = ''): unknown {
  const [head, payload = '', mac = '', ...rest] = text.split('.')
  if (head !== prefix || rest.length > 0) return null
  const given = Buffer.from(mac, 'base64url')
  const expected = macOf(key, prefix, payload, bound)
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null
  return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
}
