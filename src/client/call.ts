// The types of a call, taken from the table of routes: what goes into its path, query and body, and what it answers.
import type { z } from 'zod'
import type { ErrorName } from '../api/errors.ts'
import type { ROUTES, RouteName } from '../api/routes.ts'

type Table = typeof ROUTES

/** Names in a path, without the project: that is the client's own. */
type ParamName<Path extends string> = Path extends `${string}:${infer Rest}`
  ? Rest extends `${infer Name}/${infer More}`
    ? Exclude<Name, 'project'> | ParamName<`/${More}`>
    : Exclude<Rest, 'project'>
  : never

type Params<N extends RouteName> = [ParamName<Table[N]['path']>] extends [never]
  ? { readonly params?: undefined }
  : { readonly params: { readonly [name in ParamName<Table[N]['path']>]: string } }

type Body<N extends RouteName> = Table[N] extends { readonly body: infer B extends z.ZodType }
  ? Table[N] extends { readonly reads: true }
    ? { readonly body?: z.input<B> }
    : { readonly body: z.input<B> }
  : { readonly body?: undefined }

type Query<N extends RouteName> = Table[N] extends { readonly query: infer Q extends z.ZodType }
  ? { readonly query?: { readonly [name in keyof z.output<Q>]?: z.output<Q>[name] | undefined } }
  : { readonly query?: undefined }

/** What a call needs beside its name. */
export type CallInput<N extends RouteName> = Params<N> & Body<N> & Query<N>

/** Calls that may say with an empty answer that there is nothing yet. */
type NotYet<N extends RouteName> = Table[N] extends { readonly errors: readonly (infer E)[] }
  ? Extract<E, Extract<ErrorName, `${string}NotReady`>> extends never
    ? never
    : null
  : never

/** What a call answers: the contract's document, bytes where it tells of another media type, else nothing. */
export type CallAnswer<N extends RouteName> = Table[N] extends { readonly answer: infer A extends z.ZodType }
  ? z.output<A> | NotYet<N>
  : Table[N] extends { readonly media: string }
    ? Uint8Array
    : undefined
