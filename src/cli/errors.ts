// Failures as a person at a terminal sees them: one sentence, what to do, an exit code.
import { ApiError, UnexpectedAnswerError, UnreachableError } from '../client/api-error.ts'
import { ObjectStoreError } from '../storage/object-store-error.ts'

/** `leftOut` as `aws s3` has it: all was done but for some files, which are named. */
export const EXIT = { ok: 0, failed: 1, usage: 2, leftOut: 2 } as const

/** Something the person asked for cannot be done as asked. `exitCode` 2 when the command line or a file is wrong. */
export class CliError extends Error {
  readonly solution: string
  readonly exitCode: number
  constructor(message: string, solution: string, exitCode: number = EXIT.usage) {
    super(message)
    this.name = 'CliError'
    this.solution = solution
    this.exitCode = exitCode
  }
}

/** What to do about the codes of object stores. */
const OBJECT_ADVICE: Readonly<Record<string, string>> = {
  NoSuchBucket: 'Create the bucket first: ropeway obs mb obs://BUCKET',
  NoSuchKey: 'See what is there: ropeway obs ls obs://BUCKET/',
  BucketNotEmpty: 'Remove what is in it first: ropeway obs rm -r obs://BUCKET/',
  ConnectionFailed:
    'Start the server with "ropeway serve", or name the right object store with --object-endpoint.',
  CertificateNotTrusted: 'Name the certificate of its authority: --object-ca FILE, or ROPEWAY_OBJECT_CA.',
  InvalidAccessKeyId: 'Use the access key of credentials.json in the data folder of the server.',
  SignatureDoesNotMatch: 'Use the secret key of credentials.json in the data folder of the server.',
}

export type Described = { readonly message: string; readonly solution: string; readonly exitCode: number }

/** Any failure as message, advice and exit code; never a stack trace. */
export function describeError(error: unknown): Described {
  if (error instanceof CliError) return error
  if (error instanceof ApiError) {
    const request = error.requestId ? `, request ${error.requestId}` : ''
    return {
      message: `${error.message} (${error.errorCode}${request})`,
      solution: error.solution,
      exitCode: EXIT.failed,
    }
  }
  if (error instanceof UnreachableError)
    return {
      message: error.message,
      solution: 'Start the server with "ropeway serve", or name the right one with --endpoint.',
      exitCode: EXIT.failed,
    }
  if (error instanceof UnexpectedAnswerError)
    return {
      message: error.message,
      solution: 'Check that --endpoint names a Ropeway server of the same version.',
      exitCode: EXIT.failed,
    }
  if (error instanceof ObjectStoreError)
    return { message: error.message, solution: OBJECT_ADVICE[error.code] ?? '', exitCode: EXIT.failed }
  const message = error instanceof Error ? error.message || error.name : String(error)
  return { message, solution: '', exitCode: EXIT.failed }
}
