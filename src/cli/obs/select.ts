// Which files or objects of a source are copied, and which of a destination go. Pure.
import { type Found, hasChanged } from './plan.ts'

/** One file or object by its name below the folder. */
export type Named = Found & { readonly name: string }

export type Rule = {
  /** Whether filters let a name pass; what they hold back is neither copied nor removed. */
  readonly passes: (name: string) => boolean
  /** Copies only what differs from the destination. */
  readonly onlyChanged: boolean
  /** Looks at sizes alone. */
  readonly sizeOnly: boolean
  /** Removes at the destination what the source does not have. */
  readonly remove: boolean
}

export type Selection<T> = {
  readonly take: readonly T[]
  readonly unchanged: number
  readonly remove: readonly string[]
}

/**
 * Names that a source has but cannot give: what was left out, with all that may lie below it, and the markers of empty
 * folders.
 */
export function heldBack(
  skipped: readonly { readonly name: string }[],
  emptyFolders: readonly string[],
): (name: string) => boolean {
  const markers = new Set(emptyFolders.map((folder) => `${folder}/`))
  const bare = new Set(skipped.map(({ name }) => name.replace(/\/$/, '')))
  return (name) => {
    if (markers.has(name)) return true
    if (bare.size === 0) return false
    const parts = name.split('/')
    return parts.some((_, at) => bare.has(parts.slice(0, at + 1).join('/')))
  }
}

/** Decides about every name. What is `held` is not removed either. */
export function select<T extends Named>(
  source: readonly T[],
  present: ReadonlyMap<string, Found>,
  held: (name: string) => boolean,
  { passes, onlyChanged, sizeOnly, remove }: Rule,
): Selection<T> {
  const differs = (one: T): boolean => {
    const there = present.get(one.name)
    return sizeOnly ? there?.size !== one.size : hasChanged(one, there)
  }
  const wanted = source.filter(({ name }) => passes(name))
  const take = onlyChanged ? wanted.filter(differs) : wanted
  const known = new Set(source.map(({ name }) => name))
  const isGone = (name: string): boolean => !known.has(name) && !held(name) && passes(name)
  const gone = remove ? [...present.keys()].filter(isGone) : []
  return { take, unchanged: wanted.length - take.length, remove: gone }
}
