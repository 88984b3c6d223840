// What a transfer left out, as words for people. Pure.
import type { LeftOut } from './ports.ts'

const SHOWN = 3
const SHOWN_NAME = 60

/** `2 of them are not used, because their name is longer than 255 bytes: …`, a part for each reason; null when nothing was. */
export function leftOutSentence(leftOut: readonly LeftOut[], what: string): string | null {
  if (leftOut.length === 0) return null
  const reasons = Map.groupBy(leftOut, ({ reason }) => reason)
  return [...reasons]
    .map(([reason, items]) => {
      const names = items.slice(0, SHOWN).map(({ name }) => JSON.stringify(shortened(name)))
      const more = items.length > SHOWN ? ` and ${items.length - SHOWN} more` : ''
      return `${items.length} ${what} were left out (${reason}): ${names.join(', ')}${more}`
    })
    .join('; ')
}

/** Both ends of a long name: the end tells the files of a series apart. */
const shortened = (name: string): string =>
  name.length <= SHOWN_NAME ? name : `${name.slice(0, 30)}…${name.slice(-25)}`
