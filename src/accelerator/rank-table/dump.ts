// How rank tables are written: on one line, with the blanks and escapes of Python's json.dumps, because the public
// converter writes so and a copy made by either must be the same bytes (ascend.md §3.4, §7).

/** JSON text of a table. Key order is that of the object; no newline at the end. */
export function dumpTable(table: object): string {
  return JSON.stringify(table, null, 1)
    .replace(/,\n */g, ', ')
    .replace(/\n */g, '')
    .replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
