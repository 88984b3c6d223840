// Rows as aligned columns, and values as people read them.
import { visible, widthOf } from './terminal-text.ts'

/** An aligned table with a heading; columns whose heading starts with `>` are aligned right. Ends with a newline. */
export function formatTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const right = headings.map((heading) => heading.startsWith('>'))
  const cells = [headings.map((heading) => heading.replace(/^>/, '')), ...rows.map((row) => row.map(visible))]
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => widthOf(row[column] ?? ''))))
  return cells
    .map((row) => {
      const line = row.map((cell, column) => {
        const blanks = ' '.repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell)))
        return right[column] ? blanks + cell : cell + blanks
      })
      return `${line.join('  ').trimEnd()}\n`
    })
    .join('')
}

/** `name: value` lines with the values aligned; entries without a value are left out. */
export function formatFields(
  fields: readonly (readonly [name: string, value: string | undefined])[],
): string {
  const shown = fields.filter((field): field is readonly [string, string] => (field[1] ?? '') !== '')
  const width = Math.max(0, ...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${`${name}:`.padEnd(width + 1)} ${visible(value)}\n`).join('')
}

/** `1h 2m 3s`, `2.4s`; empty for nothing yet. */
export function formatDuration(ms: number): string {
  if (!(ms > 0)) return ''
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)}s`
  const seconds = Math.round(ms / 1000)
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  if (h > 0) return `${h}h ${m}m ${s}s`
  return m > 0 ? `${m}m ${s}s` : `${s}s`
}

/** Local time as `2026-03-01 12:00:05`; empty for 0 and for what is no date. */
export function formatTime(ms: number): string {
  const date = new Date(ms)
  if (!(ms > 0) || Number.isNaN(date.getTime())) return ''
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${formatClock(date)}`
}

/** Local `HH:MM:SS`. */
export function formatClock(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/** `512 B`, `1.5 KiB`, `3.0 GiB`. */
export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  const units = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  const power = Math.min(units.length, Math.floor(Math.log2(bytes) / 10))
  return `${(bytes / 1024 ** power).toFixed(1)} ${units[power - 1] ?? ''}`
}
