// How rank tables are written: on one line, with the blanks and escapes of Python's json.dumps, because the public
// converter writes so and a copy made by either must be the same bytes (ascend.md §3.4, §7). Own code and not
// JSON.stringify with replaced blanks: that takes three copies of a table that can have megabytes.

/** JSON text of a table or a part of one. Key order is that of the object; no newline at the end. */
export function dumpTable(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  if (Array.isArray(value)) return `[${value.map(dumpTable).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const parts: string[] = []
  for (const [key, field] of Object.entries(value))
    if (field !== undefined) parts.push(`${quote(key)}: ${dumpTable(field)}`)
  return `{${parts.join(', ')}}`
}

/** Printable ASCII without quotes and backslashes: nearly everything in a table. */
const PLAIN = /^[ !#-[\]-~]*$/

const quote = (text: string): string =>
  PLAIN.test(text)
    ? `"${text}"`
    : JSON.stringify(text).replace(
        /[\u007f-\uffff]/g,
        (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
      )
