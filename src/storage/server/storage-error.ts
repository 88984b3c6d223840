// The closed table of everything the object server can refuse, with the HTTP status S3 gives it.
import { XmlError } from '../xml.ts'

/** code → status and the sentence said when the place of the error has no better one. */
export const STORAGE_ERRORS = {
  AccessDenied: [403, 'Access denied.'],
  BadDigest: [400, 'The Content-MD5 or checksum you sent is not that of the body received.'],
  BucketAlreadyExists: [409, 'The bucket name is taken; bucket names are shared by all projects.'],
  BucketAlreadyOwnedByYou: [409, 'The bucket exists already.'],
  BucketNotEmpty: [409, 'The bucket still has objects or unfinished uploads.'],
  EntityTooLarge: [400, 'A single upload has at most 5 GiB; use a multipart upload.'],
  EntityTooSmall: [400, 'Every part but the last must have at least 100 KiB.'],
  ExpiredToken: [400, 'The temporary access key is no longer valid.'],
  IncompleteBody: [400, 'The body is shorter or longer than announced.'],
  InsufficientStorage: [507, 'The disk of the object store is full; nothing was stored.'],
  InternalError: [500, 'The object store failed; the server log says why.'],
  InvalidAccessKeyId: [403, 'There is no such access key.'],
  InvalidArgument: [400, 'An argument is not valid.'],
  InvalidBucketName: [400, 'The bucket name is not valid.'],
  InvalidDigest: [400, 'Content-MD5 must be 16 bytes in base64.'],
  InvalidPart: [400, 'A part was never uploaded, or its ETag is another.'],
  InvalidPartOrder: [400, 'Parts must be listed by ascending number.'],
  InvalidRange: [416, 'The range begins behind the end of the object.'],
  InvalidRequest: [400, 'The request is not valid.'],
  InvalidURI: [400, 'The path is not percent-encoded UTF-8.'],
  KeyTooLongError: [400, 'A key has at most 1024 bytes.'],
  MalformedXML: [400, 'The XML body is not what this operation takes.'],
  MethodNotAllowed: [405, 'This method is not possible here.'],
  MissingContentLength: [411, 'The Content-Length header is missing.'],
  NoSuchBucket: [404, 'The bucket does not exist.'],
  NoSuchBucketPolicy: [404, 'The bucket has no policy.'],
  NoSuchCORSConfiguration: [404, 'The bucket has no CORS configuration.'],
  NoSuchKey: [404, 'The key does not exist.'],
  NoSuchLifecycleConfiguration: [404, 'The bucket has no lifecycle configuration.'],
  NoSuchTagSet: [404, 'The bucket has no tags.'],
  NoSuchUpload: [404, 'The multipart upload does not exist; it was completed, aborted or never begun.'],
  NotImplemented: [501, 'The object server does not offer this operation.'],
  NotModified: [304, 'The object is as you know it.'],
  PreconditionFailed: [412, 'A condition of the request does not hold.'],
  RequestTimeTooSkewed: [403, 'The time of the request is too far from that of the server.'],
  ServerSideEncryptionConfigurationNotFoundError: [404, 'The bucket is not encrypted.'],
  SignatureDoesNotMatch: [403, 'The signature does not match the request.'],
  XAmzContentSHA256Mismatch: [400, 'The body is not the one whose sha256 was signed.'],
} as const satisfies Record<string, readonly [status: number, message: string]>

export type StorageErrorCode = keyof typeof STORAGE_ERRORS

/** What another object store said, in its own words. */
export type ForeignRefusal = { readonly status: number; readonly code: string }

/** A refusal of the object store. `code` is S3's word for it. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly code: StorageErrorCode
  /** Of a store elsewhere; what is told to the client in place of `code`. */
  readonly foreign: ForeignRefusal | undefined

  constructor(
    code: StorageErrorCode,
    message?: string,
    options: ErrorOptions & { readonly foreign?: ForeignRefusal } = {},
  ) {
    super(message ?? STORAGE_ERRORS[code][1], options)
    this.code = code
    this.foreign = options.foreign
  }

  get status(): number {
    return this.foreign?.status ?? STORAGE_ERRORS[this.code][0]
  }

  /** The word that goes out. */
  get wireCode(): string {
    return this.foreign?.code ?? this.code
  }
}

const SQLITE_FULL = 13

/** Whether an error means a full disk: from the file system, or from SQLite. */
function isDiskFull(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false
  if ('code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')) return true
  return 'errcode' in error && typeof error.errcode === 'number' && (error.errcode & 0xff) === SQLITE_FULL
}

/** An error that means a full disk as InsufficientStorage; every other error as it is. */
export const diskFullAsRefusal = (error: unknown): unknown =>
  isDiskFull(error) ? new StorageError('InsufficientStorage', undefined, { cause: error }) : error

/** Any thrown thing as a StorageError; a full disk becomes InsufficientStorage, the unknown InternalError. */
export function toStorageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error
  if (error instanceof XmlError) return new StorageError('MalformedXML', error.message, { cause: error })
  const full = diskFullAsRefusal(error)
  return full instanceof StorageError ? full : new StorageError('InternalError', undefined, { cause: error })
}
