// What a store elsewhere refused, as the object server tells it: with that store's own code and status.
import { ObjectStoreError } from '../object-store-error.ts'
import { StorageError } from '../server/storage-error.ts'

/** Errors of this side that are no answer of a store. */
const OURS: Readonly<Record<string, readonly [status: number, code: string]>> = {
  ConnectionFailed: [503, 'ServiceUnavailable'],
  NotAnObjectStore: [502, 'BadGateway'],
  CertificateNotTrusted: [502, 'BadGateway'],
}

/** What is wrong with the connection's keys or clock is nothing that the caller's own could mend. */
const OF_THE_CONNECTION = [
  ...['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'ExpiredToken', 'InvalidToken', 'InvalidSecurity'],
  ...['RequestTimeTooSkewed', 'AuthorizationHeaderMalformed', 'PermanentRedirect'],
]

/** A failure of the client as a StorageError; everything else as it is. */
export function asStorageError(error: unknown): unknown {
  if (!(error instanceof ObjectStoreError)) return error
  const isKeys = OF_THE_CONNECTION.includes(error.code)
  const [status, code] = isKeys ? [403, 'AccessDenied'] : (OURS[error.code] ?? [error.status, error.code])
  const foreign = status >= 400 ? { status, code } : { status: 502, code }
  return new StorageError('InternalError', error.message, { cause: error, foreign })
}
