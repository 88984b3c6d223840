// Jobs of a search in blocks that follow each other as the answer is ordered, with how many there are in each: from the
// kept counts, so that neither a count nor a page far behind looks at the jobs before it.
import { type RawBuilder, sql } from 'kysely'
import {
  and,
  type Condition,
  PERIOD_MS,
  periodOf,
  type Search,
  timeConditions,
  type Window,
} from './search-conditions.ts'
import type { Rows } from './tables.ts'

/** `sort`: what the jobs have in the column that the answer is ordered by first; '' where it is by time or name. */
export type Block = {
  readonly sort: string
  /** First and last, by time; null: all of them. */
  readonly periods: readonly [number, number] | null
  readonly jobs: number
}
/** As they are counted. */
export type PeriodBlock = { readonly sort: string; readonly period: number; readonly jobs: number }

export const jobsOf = (blocks: readonly { readonly jobs: number }[]): number =>
  blocks.reduce((sum, { jobs }) => sum + jobs, 0)

/** By the kept counts: a period at an end of the window is counted whole. */
export async function findBlocks(db: Rows, search: Search): Promise<PeriodBlock[]> {
  const { groupScope, facets, window, sort, query, detail } = search
  const direction = sql.raw(query.order)
  const periods = sql<boolean>`g.period between ${periodOf(window.fromMs)} and ${periodOf(window.untilMs)}`
  const { rows } = await sql<PeriodBlock>`
    select ${sort ?? sql.lit('')} as sort, g.period as period, cast(sum(g.jobs) as bigint) as jobs
    from counted_groups g
    where ${and([...groupScope, sql`g.detail = ${detail}`, ...facets, periods])}
    group by 1, 2 order by 1 ${direction}, 2 ${direction}
  `.execute(db)
  return rows.filter(({ jobs }) => jobs > 0)
}

/** Names go across all periods, so there is one block of them. */
export const asOneBlock = (blocks: readonly PeriodBlock[]): Block[] =>
  blocks.length === 0 ? [] : [{ sort: '', periods: null, jobs: jobsOf(blocks) }]

/** Neighbours with at most so many jobs together as one: each block is a question of its own. */
export function joined(blocks: readonly PeriodBlock[], most: number): Block[] {
  const all: Block[] = []
  for (const { sort, period, jobs } of blocks) {
    const last = all.at(-1)
    if (last?.periods && last.sort === sort && last.jobs + jobs <= most) {
      const [from, until] = last.periods
      all[all.length - 1] = {
        sort,
        periods: [Math.min(from, period), Math.max(until, period)],
        jobs: last.jobs + jobs,
      }
    } else all.push({ sort, periods: [period, period], jobs })
  }
  return all
}

/** Where the answer goes on after `skip` jobs: blocks, and how many of the first to pass over. */
export function stretchesOf(blocks: readonly Block[], skip: number): { block: Block; skip: number }[] {
  let before = 0
  return blocks.flatMap((block) => {
    const passed = Math.max(0, skip - before)
    before += block.jobs
    return passed >= block.jobs ? [] : [{ block, skip: passed }]
  })
}

/** Of `g`: is it in the block? */
export const groupOfBlock = ({ periods, sort: key }: Block, sort: RawBuilder<string> | null): Condition[] => [
  ...(periods === null ? [] : [sql<boolean>`g.period between ${periods[0]} and ${periods[1]}`]),
  ...(sort === null ? [] : [sql<boolean>`${sort} = ${key}`]),
]

/** Of `i`: was it made in the block's time? */
export const timeOfBlock = ({ periods }: Block): Condition[] =>
  periods === null
    ? []
    : timeConditions({
        fromMs: windowOfPeriod(periods[0]).fromMs,
        untilMs: windowOfPeriod(periods[1]).untilMs,
      })

export const windowOfPeriod = (period: number): Window => ({
  fromMs: period * PERIOD_MS,
  untilMs: (period + 1) * PERIOD_MS - 1,
})
