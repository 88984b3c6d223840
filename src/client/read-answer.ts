// What came back, as the contract tells of it.
import { type RouteName, routeOf } from '../api/routes.ts'
import { UnexpectedAnswerError } from './api-error.ts'
import type { TransportAnswer } from './signed-transport.ts'

/**
 * A JSON document, checked; bytes where the contract tells of another media type; null for "nothing yet"; else undefined.
 * Throws UnexpectedAnswerError.
 */
export function answerOf(name: RouteName, { status, body }: TransportAnswer): unknown {
  const { answer: schema, media } = routeOf(name)
  if (schema === undefined) return media === undefined ? undefined : body
  if (status === 204) return null
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {
    throw new UnexpectedAnswerError(name, 'the body is not JSON')
  }
  const read = schema.safeParse(value)
  if (read.success) return read.data
  const issue = read.error.issues[0]
  throw new UnexpectedAnswerError(name, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unknown'}`)
}
