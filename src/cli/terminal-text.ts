// Text from elsewhere, made safe to look at, and how wide it is.

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
const UNSAFE = /[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/gu

const escaped = (character: string): string => {
  const code = character.charCodeAt(0)
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`
}

/** One line in which control characters and direction marks are spelled out: nothing can move the cursor or hide. */
export const visible = (text: string): string => text.replace(UNSAFE, escaped)

/** The same, keeping line breaks. */
export const visibleLines = (text: string): string => text.split('\n').map(visible).join('\n')

/** JSON on one line; characters a terminal could act on are escaped, which JSON allows. */
export const jsonLine = (value: unknown): string => `${safeJson(JSON.stringify(value))}\n`

/** JSON for people: indented. */
export const jsonDocument = (value: unknown): string => `${safeJson(JSON.stringify(value, null, 2))}\n`

const safeJson = (text: string): string =>
  text.replace(
    /[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** Columns a line takes on a terminal; East Asian characters take two. */
export const widthOf = (text: string): number => [...text].length + (text.match(WIDE)?.length ?? 0)
