// What can go wrong when talking to a server: it refused, it could not be reached, or it answered nonsense.

/** The server refused a request. Fields are those of modelarts.md §1.10; `requestId` is the server's own, if it gave one. */
export class ApiError extends Error {
  readonly status: number
  readonly errorCode: string
  readonly solution: string
  readonly requestId: string | undefined
  constructor(input: {
    status: number
    errorCode: string
    message: string
    solution: string
    requestId: string | undefined
  }) {
    super(input.message)
    this.name = 'ApiError'
    this.status = input.status
    this.errorCode = input.errorCode
    this.solution = input.solution
    this.requestId = input.requestId
  }
}

/** Nothing answered at the endpoint, or the connection broke and did not come back in time. */
export class UnreachableError extends Error {
  readonly endpoint: string
  constructor(endpoint: string, cause: unknown) {
    const detail = cause instanceof Error && cause.message !== '' ? cause.message : codeOf(cause)
    super(`No answer from ${endpoint} (${detail})`, { cause })
    this.name = 'UnreachableError'
    this.endpoint = endpoint
  }
}

/** Something answered, but not in the shape of the contract: most likely not a Ropeway server. */
export class UnexpectedAnswerError extends Error {
  constructor(what: string, detail: string) {
    super(`${what} was answered in an unknown form: ${detail}`)
    this.name = 'UnexpectedAnswerError'
  }
}

/** The system's or undici's code of an error, such as `ECONNREFUSED`; `unknown` when there is none. */
export function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error && error.cause !== undefined ? codeOf(error.cause) : 'unknown'
}

/** The error an answer stands for. Bodies that are not ours (a proxy's page, the gateway's short form) become one too. */
export function toApiError(status: number, body: string, requestId: string | undefined): ApiError {
  const read = parseObject(body)
  const text = (...names: string[]) =>
    names
      .map((name) => read?.[name])
      .find((value): value is string => typeof value === 'string' && value !== '')
  return new ApiError({
    status,
    errorCode: text('error_code', 'errorCode', 'code') ?? `HTTP ${status}`,
    message: text('error_msg', 'errorMsg', 'message') ?? `The server answered with status ${status}`,
    solution: text('error_solution') ?? '',
    requestId: requestId ?? text('request_id'),
  })
}

function parseObject(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
