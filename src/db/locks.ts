// What creates look at must stay true until they commit: two of them with one name wait for each other here.
import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { isPostgres } from './is-postgres.ts'
import type { Rows } from './tables.ts'

/** Who takes a name shared waits only for those who take it alone. */
export type Lock = { readonly name: string; readonly shared?: boolean }

/**
 * Holds the names until the transaction ends; what the next statement reads was committed by all who had them before.
 * Names are taken in one order, so that nobody waits in a circle. On SQLite the transaction is the only writer anyway.
 */
export async function lockNames(transaction: Rows, locks: readonly Lock[]): Promise<void> {
  if (locks.length === 0 || !isPostgres(transaction)) return
  const alone = new Map<bigint, boolean>()
  for (const { name, shared = false } of locks) {
    const key = keyOf(name)
    alone.set(key, alone.get(key) === true || !shared)
  }
  const keys = [...alone.keys()].sort((a, b) => (a < b ? -1 : 1))
  await sql`
    select case when alone then pg_advisory_xact_lock(key) else pg_advisory_xact_lock_shared(key) end
    from unnest(${keys.map(String)}::bigint[], ${keys.map((key) => alone.get(key))}::boolean[]) as lock(key, alone)
  `.execute(transaction)
}

/** PostgreSQL's advisory locks have numbers of 64 bits. */
const keyOf = (name: string): bigint => createHash('sha256').update(name).digest().readBigInt64BE()
