// Numbers handed out inside a transaction; see the table's comment in migrations/0001-first.ts.
import type { Rows } from './tables.ts'

/** Takes `count` (≥ 1) numbers and returns the first. The counter's row stays locked until the transaction ends. */
export async function takeNumbers(transaction: Rows, name: 'job' | 'event', count: number): Promise<number> {
  const { value } = await transaction
    .updateTable('counters')
    .set((row) => ({ value: row('value', '+', count) }))
    .where('name', '=', name)
    .returning('value')
    .executeTakeFirstOrThrow()
  return value - count + 1
}
