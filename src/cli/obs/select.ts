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

/** Decides about every name. `held` are names the source has but cannot give: they are not removed either. */
export function select<T extends Named>(
  source: readonly T[],
  present: ReadonlyMap<string, Found>,
  held: readonly string[],
  { passes, onlyChanged, sizeOnly, remove }: Rule,
): Selection<T> {
  const differs = (one: T): boolean => {
    const there = present.get(one.name)
    return sizeOnly ? there?.size !== one.size : hasChanged(one, there)
  }
  const wanted = source.filter(({ name }) => passes(name))
  const take = onlyChanged ? wanted.filter(differs) : wanted
  const known = new Set([...source.map(({ name }) => name), ...held])
  const gone = remove ? [...present.keys()].filter((name) => !known.has(name) && passes(name)) : []
  return { take, unchanged: wanted.length - take.length, remove: gone }
}
