// Temporary access keys: AK, SK and a security token that comes with every request. Nothing is stored: the token says
// whose they are, and the SK follows from the AK, the token and secret.key.
import { createHmac, randomBytes } from 'node:crypto'
import { newShortId } from '../lib/id.ts'
import { openText, signText } from './signed-text.ts'
import type { TokenKeys } from './token.ts'

/** What the security token says. `maker` is the token or key it was made with: void when that is. */
export type TemporaryGrant = {
  readonly userId: string
  readonly projectId: string
  readonly epoch: number
  readonly expiresAtMs: number
  readonly maker: { readonly kind: 'key' | 'token'; readonly id: string }
}

export type TemporaryKey = {
  readonly accessKey: string
  readonly secret: string
  readonly securityToken: string
}

const PREFIX = 'rws1'
const PREFIXED = 'RW0'
/** 900 s to 24 h, as IAM's securitytokens has it. */
export const TEMPORARY_SECONDS = { least: 900, most: 86_400, usual: 900 } as const

/** Permanent keys have no 0 in them. */
export const isTemporary = (accessKey: string): boolean => accessKey.startsWith(PREFIXED)

const secretOf = (keys: TokenKeys, accessKey: string, securityToken: string): string =>
  createHmac('sha256', keys.temporary)
    .update(`secret ${accessKey} ${securityToken}`)
    .digest('base64url')
    .slice(0, 40)

/** Makes a key for a grant. */
export function makeTemporaryKey(keys: TokenKeys, grant: TemporaryGrant): TemporaryKey {
  const accessKey = `${PREFIXED}${newShortId(17).toUpperCase()}`
  // Two keys of one grant differ in their tokens too.
  const document = { ...grant, salt: randomBytes(6).toString('base64url') }
  const securityToken = signText(keys.temporary, PREFIX, document, accessKey)
  return { accessKey, secret: secretOf(keys, accessKey, securityToken), securityToken }
}

/** The grant and secret of a temporary key; null when the token is not of this key. */
export function openTemporaryKey(
  keys: TokenKeys,
  accessKey: string,
  securityToken: string,
): { readonly grant: TemporaryGrant; readonly secret: string } | null {
  const grant = openText(keys.temporary, PREFIX, securityToken, accessKey) as TemporaryGrant | null
  return grant && { grant, secret: secretOf(keys, accessKey, securityToken) }
}
