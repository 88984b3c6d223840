// What stands in the SDK's models: all fields as paths, such as `algorithm.inputs[].remote.obs.obs_url`.
import type { SdkDescription } from './python-sdk.ts'

type Models = SdkDescription['models']
export type ModelField = { readonly path: string; readonly type: string }

const LIST = /^list\[(.*)\]$/

/** Every field that holds no further ones, of a model and all inside it. */
export function leavesOf(
  models: Models,
  type: string,
  path = '',
  seen: readonly string[] = [],
): ModelField[] {
  const item = LIST.exec(type)?.[1]
  if (item !== undefined) return leavesOf(models, item, `${path}[]`, seen)
  const fields = models[type]
  if (fields === undefined || seen.includes(type)) return path === '' ? [] : [{ path, type }]
  return Object.entries(fields).flatMap(([name, inner]) =>
    leavesOf(models, inner, path === '' ? name : `${path}.${name}`, [...seen, type]),
  )
}

const stepsOf = (path: string): string[] => path.split('.').flatMap((step) => step.split(/(?=\[\])/))

/** The value at a path, its lists' first entries looked into. */
export const valueAt = (value: unknown, path: string): unknown =>
  stepsOf(path).reduce<unknown>((at, step) => {
    if (typeof at !== 'object' || at === null) return undefined
    return step === '[]' ? (at as unknown[])[0] : (at as Record<string, unknown>)[step]
  }, value)

/** Nothing but this value at this path. */
export function onlyAt(path: string, value: unknown): unknown {
  const [step, ...rest] = stepsOf(path)
  if (step === undefined) return value
  const inner = rest.length === 0 ? value : onlyAt(rest.join('.').replaceAll('.[]', '[]'), value)
  return step === '[]' ? [inner] : { [step]: inner }
}

/** Both documents in one; lists entry by entry, `b` wins. */
export function merged(a: unknown, b: unknown): unknown {
  if (Array.isArray(a) && Array.isArray(b))
    return Array.from({ length: Math.max(a.length, b.length) }, (_, index) => merged(a[index], b[index]))
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isObject(a) || !isObject(b)) return b === undefined ? a : b
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return Object.fromEntries([...names].map((name) => [name, merged(a[name], b[name])]))
}

/** Paths of all that a JSON document holds, of lists their first entry. */
export function pathsIn(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.length === 0 ? [path] : pathsIn(value[0], `${path}[]`)
  if (typeof value !== 'object' || value === null) return [path]
  const entries = Object.entries(value)
  if (entries.length === 0) return [path]
  return entries.flatMap(([name, inner]) => pathsIn(inner, path === '' ? name : `${path}.${name}`))
}

/** Where the SDK's reading of an answer differs from what was answered, of the fields that its models know. */
export function misread(models: Models, type: string, answered: unknown, read: unknown, path = ''): string[] {
  if (answered === null || answered === undefined) return []
  const item = LIST.exec(type)?.[1]
  if (item !== undefined)
    // The client takes a single thing for a list of one (client notes §1, environments).
    return [answered]
      .flat()
      .flatMap((entry, index) =>
        misread(models, item, entry, (read as unknown[] | undefined)?.[index], `${path}[${index}]`),
      )
  const fields = models[type]
  if (fields === undefined)
    return JSON.stringify(answered) === JSON.stringify(read)
      ? []
      : [`${path} (${type}): answered ${JSON.stringify(answered)}, read ${JSON.stringify(read)}`]
  if (Array.isArray(answered))
    return misread(models, fields['body'] ?? '', answered, readOf(read, 'body'), 'body')
  return Object.entries(answered as object).flatMap(([name, value]) =>
    fields[name] === undefined
      ? []
      : misread(models, fields[name], value, readOf(read, name), path === '' ? name : `${path}.${name}`),
  )
}

const readOf = (read: unknown, name: string): unknown => (read as Record<string, unknown> | undefined)?.[name]
