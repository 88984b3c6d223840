// Who may do what at the object server. The server asks an injected function, so that TCP listeners
// verify signatures while a task's own socket is its identity.
import type { Clock } from '../../lib/clock.ts'
import type { LookupSecret, SignableRequest, SignatureFailure } from '../../lib/signature/canonical.ts'
import { parsePayloadHash, type S3Payload, verifyS3V4 } from '../../lib/signature/verify-s3-v4.ts'
import type { ObjectOperation } from './operation.ts'
import type { StorageErrorCode } from './storage-error.ts'

/** What is asked: plain data. For a copy, the source is asked about too, as GetObject of its bucket and key. */
export type AuthorizeRequest = {
  readonly request: SignableRequest
  readonly operation: ObjectOperation
  readonly bucket: string
  readonly key: string
}

/** `payload` says what the body has to be, where the signature says so. */
export type AuthorizeResult =
  | { readonly ok: true; readonly principal: string; readonly payload?: S3Payload }
  | { readonly ok: false; readonly code: StorageErrorCode; readonly message: string }

export type Authorize = (asked: AuthorizeRequest) => AuthorizeResult | Promise<AuthorizeResult>

const CODES = {
  missing: 'AccessDenied',
  malformed: 'InvalidRequest',
  'unknown-key': 'InvalidAccessKeyId',
  mismatch: 'SignatureDoesNotMatch',
  expired: 'RequestTimeTooSkewed',
} as const satisfies Record<SignatureFailure['reason'], StorageErrorCode>

/** Lets in whoever signs with a known key (S3 V4, header or presigned). The principal is the access key. */
export function authorizeS3V4(options: { lookupSecret: LookupSecret; clock: Clock }): Authorize {
  return ({ request }) => {
    const result = verifyS3V4({ request, lookupSecret: options.lookupSecret, now: options.clock.now() })
    if (result.ok) return { ok: true, principal: result.accessKey, payload: result.payload }
    const presigned = result.reason === 'expired' && request.headers['authorization'] === undefined
    return { ok: false, code: presigned ? 'AccessDenied' : CODES[result.reason], message: result.message }
  }
}

/** Lets everybody in as `principal`: for sockets whose path is the identity. */
export const authorizeAlways =
  (principal: string): Authorize =>
  () => ({ ok: true, principal })

/** What the body has to be: what the signature says, else what the header announces, else anything. */
export function payloadOf(result: { payload?: S3Payload }, request: SignableRequest): S3Payload {
  return (
    result.payload ?? parsePayloadHash(request.headers['x-amz-content-sha256'] ?? '') ?? { kind: 'unsigned' }
  )
}
