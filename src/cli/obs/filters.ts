// --exclude and --include with the meaning they have for `aws s3`: all is in at first, every filter that matches a
// name decides anew, so the last one that matches counts. `*` also matches slashes. Pure.
import { Option } from 'commander'
import { CliError } from '../errors.ts'

export type Filter = { readonly kind: 'include' | 'exclude'; readonly pattern: string }

/** A pattern as a test of whole names: `*`, `?`, `[abc]`, `[a-z]`, `[!abc]` as in Python's fnmatch. Throws CliError. */
export function matcher(pattern: string): RegExp {
  let source = ''
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern[at] as string
    const end = character === '[' ? pattern.indexOf(']', at + (pattern[at + 1] === '!' ? 3 : 2)) : -1
    if (character === '*') source += '.*'
    else if (character === '?') source += '.'
    else if (end > 0) {
      const body = pattern.slice(at + 1, end).replace(/[\\\]^]/g, '\\$&')
      source += body.startsWith('!') ? `[^${body.slice(1)}]` : `[${body}]`
      at = end
    } else source += character.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
  }
  try {
    return new RegExp(`^${source}$`, 'su')
  } catch {
    throw new CliError(
      `${JSON.stringify(pattern)} is no pattern`,
      'Write * ? [abc] or [!abc], for example "*.txt".',
    )
  }
}

/** Whether a name, relative to the source folder, is in. */
export function passes(filters: readonly Filter[]): (name: string) => boolean {
  const tests = filters.map(({ kind, pattern }) => ({ isIn: kind === 'include', test: matcher(pattern) }))
  return (name) => tests.findLast(({ test }) => test.test(name))?.isIn ?? true
}

/** The two options; what they are given stands in one list, in the order typed. */
export function filterOptions(): { readonly filters: Filter[]; readonly options: readonly Option[] } {
  const filters: Filter[] = []
  const option = (kind: Filter['kind'], words: string) =>
    new Option(`--${kind} <pattern>`, words).argParser((pattern: string) => {
      filters.push({ kind, pattern })
      return filters
    })
  return {
    filters,
    options: [
      option('exclude', 'leave out names like this, such as "*.tmp"; may be repeated'),
      option('include', 'take names like this after all; of several filters the last that matches counts'),
    ],
  }
}
