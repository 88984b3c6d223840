// Signs one request in the dialect that was agreed on, and gives headers the spelling of that dialect: what is
// x-amz-… for S3 is x-obs-… for OBS. Pure.
import type { SignableRequest } from '../lib/signature/canonical.ts'
import { EMPTY_SHA256 } from '../lib/signature/canonical.ts'
import { presignS3V2, signS3V2 } from '../lib/signature/s3-v2.ts'
import {
  presignS3V4,
  type S3Credentials,
  type SigningKeys,
  signS3V4,
  UNSIGNED_PAYLOAD,
} from '../lib/signature/s3-v4.ts'
import type { Dialect } from './object-target.ts'

export type SignedDialect = Exclude<Dialect, 'auto'>

export type SignInput = {
  readonly dialect: SignedDialect
  /** Headers in S3's spelling, `host` among them. */
  readonly request: SignableRequest
  /** The bucket when the host names it. */
  readonly bucketInHost: string | undefined
  readonly credentials: S3Credentials
  readonly now: Date
  /** Of V4, worked out once. */
  readonly keys?: SigningKeys | undefined
}

const OBS_NAMES = /^x-amz-(?=meta-|acl$|copy-source|metadata-directive$|storage-class$|security-token$)/

/** Headers as OBS spells them; what OBS does not have is left out. */
export function obsHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const renamed: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers))
    if (!name.startsWith('x-amz-')) renamed[name] = value
    else if (OBS_NAMES.test(name)) renamed[name.replace('x-amz-', 'x-obs-')] = value
  return renamed
}

/** Every header to send. */
export function signRequest(input: SignInput, hasBody: boolean): Record<string, string> {
  const { dialect, request, bucketInHost: bucket, credentials, now, keys } = input
  if (dialect === 'v4')
    return signS3V4({
      request,
      credentials,
      now,
      keys,
      payloadHash: hasBody ? UNSIGNED_PAYLOAD : EMPTY_SHA256,
    })
  const headers = dialect === 'obs' ? obsHeaders(request.headers) : request.headers
  return signS3V2({ dialect, request: { ...request, headers }, bucket, credentials, now })
}

/** The query of a link that works without keys for so many seconds. */
export function presignRequest(input: SignInput, expiresSeconds: number): string {
  const { dialect, request, bucketInHost: bucket, credentials, now } = input
  if (dialect === 'v4') return presignS3V4({ request, credentials, now, expiresSeconds })
  return presignS3V2({ dialect, request, bucket, credentials, now, expiresSeconds })
}
