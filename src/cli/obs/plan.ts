// What copying means, decided before a byte moves: which file or object becomes which. Pure.
import { folderPrefix, isObjectUrl, type ObjectUrl, parseObjectUrl } from '../../storage/object-url.ts'
import { CliError } from '../errors.ts'

/** One side of a copy as typed. */
export type Place =
  | { readonly kind: 'object'; readonly url: ObjectUrl }
  | { readonly kind: 'local'; readonly path: string }

/** What both sides know of a file or object. */
export type Found = {
  readonly size: number
  readonly modifiedMs: number
  /** Of objects only. */
  readonly etag?: string
}

/** Reads one side of a copy. Throws CliError for what begins like an object name and is none. */
export function parsePlace(text: string): Place {
  if (!isObjectUrl(text)) return { kind: 'local', path: text }
  return { kind: 'object', url: parseUrl(text) }
}

/** Reads an object name. Throws CliError. */
export function parseUrl(text: string): ObjectUrl {
  if (!isObjectUrl(text))
    throw new CliError(`${JSON.stringify(text)} is no object name`, 'Write obs://bucket/key.')
  try {
    return parseObjectUrl(text)
  } catch (error) {
    throw new CliError(error instanceof Error ? error.message : String(error), 'Write obs://bucket/key.')
  }
}

/** The last part of a key or path. Throws CliError where there is none that could name a file. */
export function baseName(path: string): string {
  const name = path.split('/').at(-1) ?? ''
  if (name !== '' && name !== '.' && name !== '..' && !name.includes('\0')) return name
  throw new CliError(`${JSON.stringify(path)} does not name one file`, 'Name one, or copy a folder with -r.')
}

/** The key one object gets: the destination itself, or below it when it is a folder or bucket. */
export const keyForOne = (destination: ObjectUrl, sourceName: string): string =>
  destination.key === '' || destination.key.endsWith('/') ? destination.key + sourceName : destination.key

/** The key of something below a folder. */
export const keyBelow = (destination: ObjectUrl, name: string): string => folderPrefix(destination.key) + name

/**
 * Whether `sync` has to copy: what is not there, has another size, or is newer at the source. Between two object
 * stores the etag tells, where both have one that is a digest of the whole content.
 */
export function hasChanged(source: Found, present: Found | undefined): boolean {
  if (!present || present.size !== source.size) return true
  const digest = /^[0-9a-f]{32}$/
  if (source.etag && present.etag && digest.test(source.etag) && digest.test(present.etag))
    return source.etag !== present.etag
  // Object stores keep whole seconds, file systems more.
  return Math.floor(source.modifiedMs / 1000) > Math.floor(present.modifiedMs / 1000)
}
