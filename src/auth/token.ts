// Tokens: signed, not stored (docs/adr/0005-identity.md). A token says who, for which project and until when; what its
// user may is looked up at every request. It is void when it expires, when it is given back, and when its user's epoch
// has grown (disabled, another password).
import { randomBytes } from 'node:crypto'
import { openText, purposeKey, signText } from './signed-text.ts'

export type Token = {
  readonly id: string
  readonly userId: string
  /** null: the whole domain. */
  readonly projectId: string | null
  readonly epoch: number
  readonly methods: readonly string[]
  readonly issuedAtMs: number
  readonly expiresAtMs: number
}

/** As long as Huawei's IAM gives (modelarts.md §1.1). */
export const TOKEN_LIFE_MS = 24 * 3600_000
const PREFIX = 'rwt1'

export type TokenKeys = { readonly token: Uint8Array; readonly temporary: Uint8Array }

/** The keys that tokens and temporary keys are signed with. */
export const tokenKeys = (secretKey: Uint8Array): TokenKeys => ({
  token: purposeKey(secretKey, 'token'),
  temporary: purposeKey(secretKey, 'temporary key'),
})

export const newTokenId = (): string => randomBytes(16).toString('base64url')

export const signToken = (keys: TokenKeys, token: Token): string => signText(keys.token, PREFIX, token)

/** null for what we did not sign. Whether it still holds is asked elsewhere. */
export const readToken = (keys: TokenKeys, text: string): Token | null =>
  openText(keys.token, PREFIX, text) as Token | null
