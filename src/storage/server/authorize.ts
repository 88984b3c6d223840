// Who may do what at the object server. The server asks an injected function, so that TCP listeners
// verify signatures while a task's own socket is its identity.
import type { Clock } from '../../lib/clock.ts'
import type { SignableRequest, SignatureFailure } from '../../lib/signature/canonical.ts'
import { rememberedKeys } from '../../lib/signature/s3-v4.ts'
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

/** Whose buckets are seen, and whether they may be changed. */
export type ObjectPrincipal = { readonly projectId: string; readonly writes: boolean }

type Refused = { readonly ok: false; readonly code: StorageErrorCode; readonly message: string }

/** `payload` says what the body has to be, where the signature says so. */
export type AuthorizeResult =
  | { readonly ok: true; readonly principal: ObjectPrincipal; readonly payload?: S3Payload | undefined }
  | Refused

export type Authorize = (asked: AuthorizeRequest) => AuthorizeResult | Promise<AuthorizeResult>

/** A key that exists; `prove` says what it stands for, and is asked once the signature holds. */
export type ObjectKey = {
  readonly secret: string
  prove(): ({ readonly ok: true } & { readonly principal: ObjectPrincipal }) | Refused
}

/** Finds a key, a temporary one by its token; a text says why there is none. */
export type LookupObjectKey = (accessKey: string, securityToken: string | undefined) => ObjectKey | string

const CODES = {
  missing: 'AccessDenied',
  malformed: 'InvalidRequest',
  'unknown-key': 'InvalidAccessKeyId',
  mismatch: 'SignatureDoesNotMatch',
  expired: 'RequestTimeTooSkewed',
} as const satisfies Record<SignatureFailure['reason'], StorageErrorCode>

/** Lets in whoever signs with a known key (S3 V4, header or presigned). */
export function authorizeS3V4(options: { lookup: LookupObjectKey; clock: Clock }): Authorize {
  const keys = rememberedKeys()
  return ({ request }) => {
    let found: ObjectKey | string = ''
    const lookupSecret = (accessKey: string, securityToken: string | undefined) => {
      found = options.lookup(accessKey, securityToken)
      return typeof found === 'string' ? undefined : found.secret
    }
    const result = verifyS3V4({ request, lookupSecret, now: options.clock.now(), keys })
    const key = found as ObjectKey | string
    if (result.ok && typeof key !== 'string') {
      const proven = key.prove()
      return proven.ok ? { ok: true, principal: proven.principal, payload: result.payload } : proven
    }
    const failed = result as SignatureFailure
    const presigned = failed.reason === 'expired' && request.headers['authorization'] === undefined
    const message = failed.reason === 'unknown-key' && typeof key === 'string' ? key : failed.message
    return { ok: false, code: presigned ? 'AccessDenied' : CODES[failed.reason], message }
  }
}

/** Lets everybody in: for sockets whose path is the identity. */
export const authorizeAlways =
  (projectId: string): Authorize =>
  () => ({ ok: true, principal: { projectId, writes: true } })

/** What the body has to be: what the signature says, else what the header announces, else anything. */
export function payloadOf(
  result: { readonly payload?: S3Payload | undefined },
  request: SignableRequest,
): S3Payload {
  return (
    result.payload ?? parsePayloadHash(request.headers['x-amz-content-sha256'] ?? '') ?? { kind: 'unsigned' }
  )
}
