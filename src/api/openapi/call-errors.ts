// Which errors a call can answer with: those of every call, those of its kind, and its own. Pure.
import type { ErrorName } from '../errors.ts'
import type { Route } from '../route.ts'
import { namesInPath } from './path.ts'

const EVERY: readonly ErrorName[] = [
  'Unauthorized',
  'Forbidden',
  'TooManyRequests',
  'DatabaseUnavailable',
  'DatabaseBusy',
  'Internal',
]
const WITH_BODY: readonly ErrorName[] = [
  'InvalidJsonBody',
  'InvalidParam',
  'ParamTypeError',
  'ParamRangeError',
  'BodyTooLarge',
]

/** Calls with this in their path answer so when it is not there. */
const NOT_FOUND: Readonly<Record<string, ErrorName>> = {
  job: 'JobNotFound',
  task: 'TaskNotFound',
  algorithm: 'AlgorithmNotFound',
  experiment: 'ExperimentNotFound',
  pool: 'PoolNotFound',
}

/** Each name once, in the order of a request's way through the server. */
export function errorsOf(route: Route): ErrorName[] {
  const missing = namesInPath(route.path).flatMap((name) => NOT_FOUND[name] ?? [])
  return [
    ...new Set([
      ...EVERY.slice(route.role === 'open' ? 2 : 0, 3),
      // A token has a project of its own.
      ...(namesInPath(route.path).includes('project') ? (['TokenProjectIdNotMatch'] as const) : []),
      ...(route.body ? WITH_BODY : ['BodyTooLarge' as const]),
      ...(route.query ? ['QueryParamsError' as const] : []),
      ...(route.refused === undefined ? missing : ['NotSupported' as const]),
      ...(route.errors ?? []),
      ...EVERY.slice(3),
    ]),
  ]
}
