// How a command stands in an event: cut, on one line, nothing hidden in it, and without the job's secrets. Pure.

const SHOWN_CHARACTERS = 200
const MASK = '******'

/** Control and format characters (a right-to-left override too), and line ends that are none of those. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** Words as one would type them; `secrets` are values that must not be read. At most about 200 characters. */
export function shownCommand(words: readonly string[], secrets: readonly string[]): string {
  if (words.length === 0) return 'a shell'
  // A secret may be part of another one: the longest goes first, or its rest would stay.
  const masks = [...new Set(secrets)].filter((one) => one !== '').sort((a, b) => b.length - a.length)
  const mask = (text: string) => masks.reduce((rest, secret) => rest.replaceAll(secret, MASK), text)
  // Over the whole line as well, for a secret that was cut into words at its spaces.
  const line = mask(words.map(mask).map(quoted).join(' '))
  const characters = [...line]
  return characters.length > SHOWN_CHARACTERS ? `${characters.slice(0, SHOWN_CHARACTERS).join('')}…` : line
}

function quoted(word: string): string {
  const visible = word.replace(
    INVISIBLE,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  )
  return word !== '' && !/[\s"'\\]/.test(word) && visible === word
    ? word
    : `"${visible.replaceAll('"', '\\"')}"`
}
