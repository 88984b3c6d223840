// Small statistics and one table, so that every figure stands beside a peer measured in the same run.

/** Middle value of numbers that are sorted here. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}

/** Milliseconds of each of so many calls, one after the other. */
export async function times(count: number, call: (n: number) => Promise<unknown>): Promise<number[]> {
  const taken: number[] = []
  for (let n = 0; n < count; n++) {
    const begun = performance.now()
    await call(n)
    taken.push(performance.now() - begun)
  }
  return taken
}

export type Row = {
  readonly what: string
  readonly ours: string
  readonly peer: string
  readonly difference: string
  readonly aim: string
  readonly met: boolean
}

/** Prints rows as an aligned table. */
export function printTable(rows: readonly Row[]): void {
  const lines = [
    ['what', 'ours', 'peer', 'difference', 'aim', ''],
    ...rows.map((row) => [row.what, row.ours, row.peer, row.difference, row.aim, row.met ? 'met' : 'MISSED']),
  ]
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? []
  for (const line of lines)
    console.log(
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
}

export const ms = (value: number): string => `${value.toFixed(1)} ms`
