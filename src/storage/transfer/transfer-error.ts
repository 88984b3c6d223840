// Why a transfer between objects and files cannot be done as asked.

export type TransferErrorCode =
  | 'UnsafeKey'
  | 'NameConflict'
  | 'ObjectChanged'
  | 'FileChanged'
  | 'Damaged'
  | 'NotAFolder'
  | 'NotAFile'
  /** Told before the first byte. */
  | 'NoRoom'
  /** Met on the way. */
  | 'DiskFull'

/** A transfer that stopped; the message names the key or file. */
export class TransferError extends Error {
  override readonly name = 'TransferError'
  readonly code: TransferErrorCode

  constructor(code: TransferErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
