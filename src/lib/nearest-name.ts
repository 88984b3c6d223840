// "Did you mean": the known name most like a mistyped one.

/** Single-character edits, swaps of neighbours included, that turn one name into the other. */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row += 1) {
    const next = [row]
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1]
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      const costs = [
        (last[column] ?? 0) + 1,
        (next[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (before[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      ]
      next.push(Math.min(...costs))
    }
    before = last
    last = next
  }
  return last[b.length] ?? 0
}

const plain = (name: string): string => name.toLowerCase().replaceAll(/[-_]/g, '')

/** The name nearest to `name`; undefined when there are none. Case and separators count for nothing. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  // Nobody types a long name; comparing one would only cost time.
  const typed = plain(name).slice(0, 100)
  return known
    .map((candidate) => ({ candidate, distance: editDistance(typed, plain(candidate)) }))
    .sort((one, other) => one.distance - other.distance)[0]?.candidate
}
