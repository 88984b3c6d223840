// What a rule says about an image, and how a rule is written down.
import type { CheckPlace, ImageFinding } from '../api/image-check.ts'
import type { ImageFacts } from './facts.ts'

export type Place = CheckPlace

/** What one rule says of one place. */
export type Said = Readonly<Omit<ImageFinding, 'rule' | 'source'>>

/** What this installation allows. */
export type Here = {
  /** May a job run as root? */
  readonly allowRoot: boolean
}

export type Rule = {
  readonly id: string
  readonly title: string
  /** Where the rule comes from, for each place that it speaks of. */
  readonly source: Readonly<Partial<Record<Place, string>>>
  readonly check: (facts: ImageFacts, here: Here) => readonly Said[]
}

export const ok = (applies: Place, message: string): Said => ({ level: 'ok', applies, message, advice: '' })
export const warning = (applies: Place, message: string, advice: string): Said => ({
  level: 'warning',
  applies,
  message,
  advice,
})
export const error = (applies: Place, message: string, advice: string): Said => ({
  level: 'error',
  applies,
  message,
  advice,
})

export const RULES_1 = 'ModelArts image rules, generation 1'
export const RULES_2 = 'ModelArts image rules, generation 2'
export const OURS = 'Ropeway'

/** `a, b and 3 more`. Names come from the image: shortened. */
export function few(names: readonly string[], count = names.length, most = 3): string {
  const shown = names.slice(0, most).map((name) => (name.length > 80 ? `${name.slice(0, 79)}…` : name))
  const rest = count - shown.length
  return rest > 0 ? `${shown.join(', ')} and ${rest} more` : shown.join(', ')
}

const GIB = 2 ** 30
export const gib = (bytes: number): string =>
  bytes < GIB / 10 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / GIB).toFixed(1)} GiB`
