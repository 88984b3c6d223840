// Conditions that only single jobs can tell: parts of names, tags, hosts. Most have an index of their own that leads to the
// jobs when they are few.
import { type RawBuilder, sql } from 'kysely'
import { isPostgres } from './is-postgres.ts'
import { foldedContains } from './like.ts'
import { and, anyOf, type Condition, type Search } from './search-conditions.ts'
import type { Rows } from './tables.ts'

export type Narrowing = {
  /** Of `i`. */
  readonly matches: Condition
  /** A query for the `seq` of all jobs that may match, of any project; null: no index helps. */
  readonly candidates: RawBuilder<unknown> | null
}

/** Those of names come first: their index answers quickest. */
export function narrowingsOf(db: Rows, serveId: string, { nameParts, query }: Search): Narrowing[] {
  return [
    ...nameParts.map((parts) => ofName(db, parts)),
    ...query.tags.map(({ key, values }) =>
      throughJobs(
        'job_tags',
        and([
          sql`t.key = ${key}`,
          ...(values.length === 0 ? [] : [sql<boolean>`t.value in (${sql.join([...values])})`]),
        ]),
      ),
    ),
    ...(query.hostIds === null ? [] : [onHosts(serveId, query.hostIds)]),
    ...(query.untagged === true ? [untagged] : []),
    ...(query.placed === undefined ? [] : [isPlaced(query.placed)]),
  ]
}

const untagged: Narrowing = {
  matches: sql`not exists (select 1 from jobs j cross join job_tags t where j.seq = i.seq and t.job_id = j.id)`,
  candidates: null,
}

/** Asked of live jobs, which are few. */
const isPlaced = (placed: boolean): Narrowing => ({
  matches: sql`exists (select 1 from jobs j where j.seq = i.seq and j.placed = ${placed ? 1 : 0})`,
  candidates: null,
})

function onHosts(serveId: string, hostIds: readonly string[]): Narrowing {
  if (hostIds.length === 0)
    return { matches: sql`1 = 0`, candidates: sql`select seq from job_index where 1 = 0` }
  return throughJobs('job_hosts', sql`(t.serve_id = ${serveId} and t.host_id in (${sql.join([...hostIds])}))`)
}

/** Through a table that knows jobs by their id. */
function throughJobs(table: 'job_tags' | 'job_hosts', condition: Condition): Narrowing {
  const from = sql`${sql.table(table)} t cross join jobs j where j.id = t.job_id and ${condition}`
  return {
    matches: sql`exists (select 1 from jobs j cross join ${sql.table(table)} t
      where j.seq = i.seq and t.job_id = j.id and ${condition})`,
    candidates: sql`select distinct j.seq from ${from}`,
  }
}

function ofName(db: Rows, parts: readonly string[]): Narrowing {
  const matches = anyOf(parts.map((part) => foldedContains(sql.ref('i.folded_name'), part)))
  if (parts.some((part) => [...part].length < TRIGRAM)) return { matches, candidates: null }
  if (isPostgres(db)) {
    const matching = anyOf(parts.map((part) => foldedContains(sql.ref('n.name'), part)))
    return { matches, candidates: sql`select n.seq from job_names n where ${matching}` }
  }
  const terms = trigramsOf(parts)
  return {
    matches,
    candidates:
      terms === null ? null : sql`select n.rowid as seq from job_names n where n.job_names match ${terms}`,
  }
}

const TRIGRAM = 3
/** FTS5 takes 256 terms in one question. Some of a part's trigrams find more than it, and `matches` looks at each. */
const MOST_TRIGRAMS = 12
const MOST_PARTS = 20

/** What FTS5 is asked (sqlite.org/fts5.html#full_text_query_syntax). */
function trigramsOf(parts: readonly string[]): string | null {
  if (parts.length > MOST_PARTS) return null
  const ofOne = (part: string): string => {
    const letters = [...part]
    const all = letters.slice(TRIGRAM - 1).map((_, n) => letters.slice(n, n + TRIGRAM).join(''))
    return [...new Set(all)]
      .slice(0, MOST_TRIGRAMS)
      .map((trigram) => `"${trigram.replaceAll('"', '""')}"`)
      .join(' AND ')
  }
  return parts.map((part) => `(${ofOne(part)})`).join(' OR ')
}

/** Are there at most so many candidates? */
export async function isRare(db: Rows, candidates: RawBuilder<unknown>, most: number): Promise<boolean> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from (${candidates} limit ${most + 1}) as part
  `.execute(db)
  return (rows[0]?.count ?? 0) <= most
}
