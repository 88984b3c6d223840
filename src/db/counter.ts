// Numbers of jobs and events: they only grow. What is refused may leave a gap on PostgreSQL (migrations/0010-numbers.ts).
import { type RawBuilder, sql } from 'kysely'
import { isPostgres } from './is-postgres.ts'
import type { Rows } from './tables.ts'

/** A number to be, as a value of an insert. */
export type NewNumber = number | RawBuilder<number>

/**
 * Takes `count` (≥ 1) numbers, in their order. Two transactions at a time may commit in another order than their numbers
 * have; the events of one job do not, for their writers hold the job's row first.
 */
export async function takeNumbers(
  transaction: Rows,
  name: 'job' | 'event',
  count: number,
): Promise<NewNumber[]> {
  if (isPostgres(transaction))
    return Array.from({ length: count }, () => sql<number>`nextval(${sql.lit(`${name}_numbers`)})`)
  const { value } = await transaction
    .updateTable('counters')
    .set((row) => ({ value: row('value', '+', count) }))
    .where('name', '=', name)
    .returning('value')
    .executeTakeFirstOrThrow()
  return Array.from({ length: count }, (_, index) => value - count + 1 + index)
}
