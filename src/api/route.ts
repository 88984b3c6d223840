// One call of the API, as everybody reads it: the server registers it, clients send it, roles guard it, docs show it.
import type { z } from 'zod'
import type { ErrorName } from './errors.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** Each may what those before it may. */
export const ROLES = ['viewer', 'user', 'admin'] as const
export type Role = (typeof ROLES)[number]
/** `open`: everybody, unasked who they are · `known`: whoever is known, in a project or not · `administrator`: of the installation. */
export type Access = Role | 'open' | 'known' | 'administrator'

/**
 * When a request that was signed once may come again: `any-time`, for it only reads · `at-once`, within a moment of the
 * first, for dates have whole seconds and connections break · `never`.
 */
export type Replay = 'any-time' | 'at-once' | 'never'

export type Route = {
  readonly method: Method
  /** In Hono's form; `{project_id}` of the documents is `:project`. */
  readonly path: string
  readonly success: 101 | 200 | 201 | 202 | 204
  /** One sentence for people. */
  readonly summary: string
  /** The name in ModelArts' documents (modelarts.md §1.9), or one of ours that begins with `ropeway:`. */
  readonly permission: string
  /** The least that has the permission. */
  readonly role: Access
  /** A POST that changes nothing: it may be sent again. */
  readonly reads?: true
  /** Where it is not what `replayOf` finds. */
  readonly replay?: Replay
  /** Why the call is not there: it is always refused, with NotSupported. */
  readonly refused?: string
  /** What differs from ModelArts' call of this path, where something does that the shape alone does not say. */
  readonly partly?: string
  /** Of a JSON body; routes without one ignore what is sent. */
  readonly body?: z.ZodType
  readonly query?: z.ZodType
  /** Headers that mean something to this call alone, and what. */
  readonly headers?: Readonly<Record<string, string>>
  /** Of a JSON answer. */
  readonly answer?: z.ZodType
  /** Media type of an answer that is not JSON. Without this and `answer` the body is empty. */
  readonly media?: string
  /** Errors of this call beside those of every call of its kind, which src/api/openapi/call-errors.ts knows. */
  readonly errors?: readonly ErrorName[]
  /** A request that works, for the documents; tests send it. */
  readonly example?: { readonly body?: unknown; readonly query?: Readonly<Record<string, string | number>> }
}

/** What says who may what, and gives secrets out: nothing there happens twice. */
const IDENTITY = /^\/(v3(\.0)?|ropeway\/v1\/admin)\//

/** When a request to this call may come again. */
export function replayOf({ method, path, reads, replay }: Route): Replay {
  if (replay !== undefined) return replay
  if (method === 'GET' || reads) return 'any-time'
  return IDENTITY.test(path) ? 'never' : 'at-once'
}
