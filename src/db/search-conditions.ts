// A search taken apart by what can answer it: whole groups of jobs (`g`, a row of job_groups), or single ones (`i`, a row
// of job_index). The tables are told in migrations/0011-search.ts.
import { type RawBuilder, sql } from 'kysely'
import type { JobCondition, JobQuery, SortKey, TextKey } from '../job/job-query.ts'
import { contains } from './like.ts'

export type Condition = RawBuilder<boolean>

/** As in migrations/0011-search-columns.ts: the groups that jobs are in tell both apart. */
const DETAILS = { user: 1, algorithm: 2, both: 3 } as const
export const PERIOD_MS = 2 ** 30
export const periodOf = (timeMs: number): number => Math.floor(timeMs / PERIOD_MS)

/** Keys of the wire that groups know, and their columns. A live job with a stop request is found as Terminating. */
const COLUMNS = {
  phase: 'g.shown_phase',
  algorithm_name: 'g.algorithm_name',
  kind: 'g.kind',
  user_id: 'g.user_name',
  runtime_type: 'g.runtime_type',
} as const satisfies Partial<Record<TextKey, string>>

/** Both ends included. */
export type Window = { readonly fromMs: number; readonly untilMs: number }

export type Search = {
  readonly projectId: string
  readonly query: JobQuery
  /** Column of the group that the answer is ordered by first; null: by single jobs alone. */
  readonly sort: RawBuilder<string> | null
  /** Of `g`: project, workspace. */
  readonly groupScope: readonly Condition[]
  /** Which groups' counts are enough: the fewest that tell apart what filters and order ask for. */
  readonly detail: number
  /** Of `i`, the same. */
  readonly jobScope: readonly Condition[]
  /** Of `g`: every filter that whole groups match or do not. */
  readonly facets: readonly Condition[]
  /** Of `i`. */
  readonly window: Window
  /** Of `i`: is its name, or time, one of those asked for? */
  readonly few: readonly Condition[]
  /** Of `i`: is it one of those that are left out? */
  readonly without: readonly Condition[]
  /** Parts of names; those of one entry are OR-ed. */
  readonly nameParts: readonly (readonly string[])[]
}

export function takeApart(projectId: string, query: JobQuery): Search {
  const { conditions, workspaceId } = query
  const scope = (table: 'g' | 'i'): Condition[] => [
    sql`${sql.ref(`${table}.project_id`)} = ${projectId}`,
    ...(workspaceId === null ? [] : [sql<boolean>`${sql.ref(`${table}.workspace_id`)} = ${workspaceId}`]),
  ]
  const single = conditions.filter(({ key }) => key === 'name' || key === 'create_time')
  const listed = (operator: 'in' | 'not'): Condition[] =>
    single.flatMap((one) => (one.operator === operator ? [listing(`i.${one.key}`, 'in', one.values)] : []))
  const times = single.flatMap((one) => (one.operator === 'between' ? [one] : []))
  return {
    ...{ projectId, query },
    sort: sortColumnOf(query.sortBy),
    groupScope: scope('g'),
    detail: detailOf([...conditions.map(({ key }) => key), query.sortBy]),
    jobScope: scope('i'),
    facets: conditions.flatMap(facetOf),
    window: {
      fromMs: Math.max(0, ...times.map(({ from }) => from)),
      untilMs: Math.min(Number.MAX_SAFE_INTEGER, ...times.map(({ until }) => until)),
    },
    few: listed('in'),
    without: listed('not'),
    nameParts: single.flatMap((one) => (one.operator === 'like' ? [one.values] : [])),
  }
}

const detailOf = (keys: readonly string[]): number =>
  (keys.includes('user_id') ? DETAILS.user : 0) + (keys.includes('algorithm_name') ? DETAILS.algorithm : 0)

const sortColumnOf = (key: SortKey): RawBuilder<string> | null =>
  key === 'create_time' || key === 'name' ? null : sql.ref(COLUMNS[key])

function facetOf(condition: JobCondition): Condition[] {
  const { key, operator } = condition
  if (key === 'name' || key === 'create_time') return []
  const column = COLUMNS[key]
  if (operator !== 'like') return [listing(column, operator, condition.values)]
  return [anyOf(condition.values.map((value) => contains(sql.ref(column), value)))]
}

function listing(column: string, operator: 'in' | 'not', values: readonly (string | number)[]): Condition {
  const list = sql.join([...values])
  return operator === 'in' ? sql`${sql.ref(column)} in (${list})` : sql`${sql.ref(column)} not in (${list})`
}

/** Of `i`: the window, if it has ends. */
export function timeConditions({ fromMs, untilMs }: Window): Condition[] {
  return [
    ...(fromMs > 0 ? [sql<boolean>`i.create_time >= ${fromMs}`] : []),
    ...(untilMs < Number.MAX_SAFE_INTEGER ? [sql<boolean>`i.create_time <= ${untilMs}`] : []),
  ]
}

/** Of `i`: everything but parts of names, tags and hosts. */
export const jobConditions = ({ window, few, without }: Search): Condition[] => [
  ...timeConditions(window),
  ...few,
  ...without.map((condition) => sql<boolean>`not ${condition}`),
]

export const and = (conditions: readonly Condition[]): Condition =>
  conditions.length === 0 ? sql`1 = 1` : sql`(${sql.join([...conditions], sql` and `)})`
export const anyOf = (conditions: readonly RawBuilder<unknown>[]): Condition =>
  sql`(${sql.join([...conditions], sql` or `)})`

/** Equal keys would else move between pages. `turned`: the other way round. */
export function orderOf({ query, sort }: Search, turned: boolean): RawBuilder<unknown> {
  const direction = sql.raw((query.order === 'asc') === turned ? 'desc' : 'asc')
  const keys = query.sortBy === 'name' ? ['i.name', 'i.seq'] : ['i.create_time', 'i.seq']
  const columns = [...(sort === null ? [] : [sort]), ...keys.map((key) => sql.ref(key))]
  return sql.join(columns.map((column) => sql`${column} ${direction}`))
}

/** Of `g`: does it hold jobs, and not only their number? */
export const HOLDS_JOBS: Condition = sql`g.detail = ${sql.lit(DETAILS.both)}`
