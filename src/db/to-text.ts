// PostgreSQL's text holds no NUL; what people and tasks send may. Both databases keep and are asked for U+FFFD in its place:
// done where statements are handed over, so that no statement can forget it.

const toText = (text: string): string => text.replaceAll('\0', '\uFFFD')

const hasNul = (value: unknown): boolean => typeof value === 'string' && value.includes('\0')

/** Values of a statement, as both databases take them. */
export const toParameters = (values: readonly unknown[]): readonly unknown[] =>
  values.some(hasNul) ? values.map((value) => (typeof value === 'string' ? toText(value) : value)) : values
