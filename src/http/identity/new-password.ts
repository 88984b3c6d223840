// What may be a password.
import { AppError } from '../../api/error.ts'
import { hashPassword, PASSWORD_LENGTH } from '../../auth/password.ts'

/** The hash of a new password. Throws AppError ParamRangeError that names the field and does not show what came. */
export async function newPassword(field: string, password: string): Promise<string> {
  const { least, most } = PASSWORD_LENGTH
  const length = [...password].length
  if (length < least || length > most)
    throw new AppError('ParamRangeError', `${field}: got ${length} characters; valid: ${least} to ${most}`)
  return hashPassword(password)
}
