// Makes kept counts exact where a search does not take groups whole: at the ends of its time, and without the jobs that it
// names. Only those jobs are counted.
import { sql } from 'kysely'
import { type PeriodBlock, windowOfPeriod } from './search-blocks.ts'
import {
  and,
  anyOf,
  type Condition,
  HOLDS_JOBS,
  periodOf,
  type Search,
  timeConditions,
  type Window,
} from './search-conditions.ts'
import type { Rows } from './tables.ts'

export async function exactBlocks(
  db: Rows,
  search: Search,
  kept: readonly PeriodBlock[],
): Promise<PeriodBlock[]> {
  const { window, without } = search
  const edges = edgesOf(window)
  const inside = await Promise.all(
    edges.map((period) =>
      countBlocks(db, search, period, timeConditions(overlap(window, windowOfPeriod(period)))),
    ),
  )
  const left =
    without.length === 0
      ? []
      : await countBlocks(db, search, null, [...timeConditions(window), anyOf(without)])
  const jobsIn = (blocks: readonly PeriodBlock[], { sort, period }: PeriodBlock): number =>
    blocks.find((one) => one.sort === sort && one.period === period)?.jobs ?? 0
  return kept
    .map((block) => {
      const all = edges.some((period) => period === block.period) ? jobsIn(inside.flat(), block) : block.jobs
      return { ...block, jobs: all - jobsIn(left, block) }
    })
    .filter(({ jobs }) => jobs > 0)
}

/** Periods that the window has a part of. */
function edgesOf({ fromMs, untilMs }: Window): number[] {
  const [first, last] = [periodOf(fromMs), periodOf(untilMs)]
  return [
    ...(fromMs > windowOfPeriod(first).fromMs || (first === last && untilMs < windowOfPeriod(last).untilMs)
      ? [first]
      : []),
    ...(last !== first && untilMs < windowOfPeriod(last).untilMs ? [last] : []),
  ]
}

const overlap = (a: Window, b: Window): Window => ({
  fromMs: Math.max(a.fromMs, b.fromMs),
  untilMs: Math.min(a.untilMs, b.untilMs),
})

/** Counts one by one. `period`: the only one that the conditions let through; null: any. */
async function countBlocks(
  db: Rows,
  { sort, jobScope, groupScope, facets }: Search,
  period: number | null,
  conditions: readonly Condition[],
): Promise<PeriodBlock[]> {
  const ofJobs = [...jobScope, ...conditions]
  // Groups need not be asked for what the time tells.
  const counting =
    period !== null && sort === null && facets.length === 0
      ? sql`select '' as sort, cast(${period} as bigint) as period, count(*) as jobs
          from job_index i where ${and(ofJobs)}`
      : sql`select ${sort ?? sql.lit('')} as sort, g.period as period, count(*) as jobs
          from job_index i cross join job_groups g
          where g.id = i.group_id and ${and([...ofJobs, ...groupScope, ...facets, ...inPeriod(period)])}
          group by 1, 2`
  const { rows } = await sql<PeriodBlock>`${counting}`.execute(db)
  return rows
}

const inPeriod = (period: number | null): Condition[] =>
  period === null ? [] : [sql<boolean>`g.period = ${period}`, HOLDS_JOBS]
