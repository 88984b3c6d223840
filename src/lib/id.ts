// Identifiers. Long ones for people's URLs, short ones for paths that must stay under 108 bytes.
import { randomBytes, randomUUID } from 'node:crypto'

/** A lower-case UUID, the form of job ids on the wire. */
export const newUuid = (): string => randomUUID()

/** Lower-case letters and digits, `length` characters, uniform over 32 symbols. */
export function newShortId(length = 10): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789'
  return [...randomBytes(length)].map((byte) => alphabet[byte % 32]).join('')
}

/** An access key id in the form object-store clients expect: 20 upper-case characters. */
export const newAccessKey = (): string => `RW${newShortId(18).toUpperCase()}`

/** A secret key: 40 URL-safe characters, 240 bits. */
export const newSecretKey = (): string => randomBytes(30).toString('base64url')
