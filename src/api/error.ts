// A failure of the API, and the body it is answered with. Which failures there are: errors.ts.
import { z } from 'zod'
import { ERRORS, type ErrorName } from './errors.ts'
import { SOLUTIONS_ZH } from './errors-zh.ts'
import type { Language } from './language.ts'

/** The body of every error answer (modelarts.md §1.10). */
export const errorBody = z.object({
  error_msg: z.string(),
  error_code: z.string(),
  error_solution: z.string(),
  /** Of calls under /v3, as Keystone's clients read it. */
  error: z.object({ code: z.number(), message: z.string(), title: z.string() }).optional(),
})
export type ErrorBody = z.infer<typeof errorBody>

/** A failure with a row in the table. `message` names the field, what came and what would be valid. */
export class AppError extends Error {
  readonly code: ErrorName
  /** When asking again may help. */
  readonly retryAfterMs: number | undefined
  constructor(code: ErrorName, message: string, options?: { cause?: unknown; retryAfterMs?: number }) {
    super(message, options)
    this.name = 'AppError'
    this.code = code
    this.retryAfterMs = options?.retryAfterMs
  }
}

/** The wire form of an error. The message is English, the advice in the language that was asked for. */
export function toErrorBody(error: AppError, language: Language = 'en-us'): ErrorBody {
  const { code, solution } = ERRORS[error.code]
  return {
    error_msg: error.message,
    error_code: code,
    error_solution: language === 'zh-cn' ? SOLUTIONS_ZH[error.code] : solution,
  }
}
