// Search over jobs as ModelArts defines it (modelarts.md §1.6, §1.11): page-number offset, blank filter values ignored.
import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely'
import { AppError } from '../api/error.ts'
import type { SearchRequest } from '../api/training-job.ts'
import { type Job, PHASES } from '../job/job.ts'
import { toJob } from './job-rows.ts'
import { contains } from './like.ts'
import type { Rows, Tables } from './tables.ts'

type Filter = { key: string; operator: string; value: string[] }
type Row = ExpressionBuilder<Tables, 'jobs'>
type TextColumn = 'name' | 'shown_phase' | 'algorithm_name' | 'kind' | 'user_name' | 'runtime_type'

/** Filter keys of the wire and the columns they look at. A live job with a stop request is found as Terminating. */
const TEXT_COLUMNS = {
  name: 'name',
  phase: 'shown_phase',
  algorithm_name: 'algorithm_name',
  kind: 'kind',
  user_id: 'user_name',
  runtime_type: 'runtime_type',
} as const satisfies Record<string, TextColumn>

const FILTER_KEYS = ['create_time', ...Object.keys(TEXT_COLUMNS)]
const TEXT_OPERATORS = ['like', 'in', 'not']
const TIME_OPERATORS = ['between', 'in', 'not']

const MAX_FILTERS = 50
const MAX_VALUES = 100
const MAX_VALUE_LENGTH = 256

const SORT_COLUMNS = {
  create_time: 'create_time',
  name: 'name',
  phase: 'shown_phase',
  algorithm_name: 'algorithm_name',
  kind: 'kind',
  user_id: 'user_name',
} as const

/**
 * One page of a workspace's jobs. `total` counts all jobs of the project, `count` those that match.
 * Throws AppError UnsupportedSortBy, ConditionKey, ConditionOperator or ConditionValue.
 */
export async function searchJobs(
  db: Rows,
  projectId: string,
  request: SearchRequest,
): Promise<{ total: number; count: number; items: Job[] }> {
  const sortColumn = sortColumnOf(request.sort_by)
  const filters = checkedFilters(request.filters ?? []).map(toCondition)
  const matching = db
    .selectFrom('jobs')
    .where('project_id', '=', projectId)
    .where('workspace_id', '=', request.workspace_id)
    .where((row) => row.and(filters.flatMap((filter) => filter(row))))
  const { total } = await db
    .selectFrom('jobs')
    .where('project_id', '=', projectId)
    .select((row) => row.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow()
  const { count } = await matching
    .select((row) => row.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  const rows = await matching
    .selectAll()
    .orderBy(sortColumn, request.order)
    // Equal keys would else move between pages.
    .orderBy('seq', request.order)
    .limit(request.limit)
    .offset(request.offset * request.limit)
    .execute()
  return { total, count, items: rows.map(toJob) }
}

function sortColumnOf(key: string): (typeof SORT_COLUMNS)[keyof typeof SORT_COLUMNS] {
  if (key === '') return SORT_COLUMNS.create_time
  if (Object.hasOwn(SORT_COLUMNS, key)) return SORT_COLUMNS[key as keyof typeof SORT_COLUMNS]
  throw new AppError(
    'UnsupportedSortBy',
    `sort_by is ${JSON.stringify(key)}, it must be one of ${Object.keys(SORT_COLUMNS).join(', ')}`,
  )
}

/** Bounds what one search may cost; a console sends at most one filter per key, and values people typed or picked. */
function checkedFilters(filters: readonly Filter[]): readonly Filter[] {
  if (filters.length > MAX_FILTERS)
    throw new AppError(
      'ConditionValue',
      `filters has ${filters.length} entries, it may have at most ${MAX_FILTERS}`,
    )
  for (const [index, { value }] of filters.entries()) {
    if (value.length > MAX_VALUES)
      throw new AppError(
        'ConditionValue',
        `filters[${index}].value has ${value.length} entries, it may have at most ${MAX_VALUES}`,
      )
    if (value.some((text) => text.length > MAX_VALUE_LENGTH || text.includes('\0')))
      throw new AppError(
        'ConditionValue',
        `filters[${index}].value has a text over ${MAX_VALUE_LENGTH} characters or with NUL; neither is in any job`,
      )
  }
  return filters
}

/** Checks one filter; the returned function gives no condition when all its values are blank. */
function toCondition(filter: Filter, index: number): (row: Row) => Expression<SqlBool>[] {
  const where = `filters[${index}]`
  if (!FILTER_KEYS.includes(filter.key))
    throw new AppError(
      'ConditionKey',
      `${where}.key is ${JSON.stringify(filter.key)}, it must be one of ${FILTER_KEYS.join(', ')}`,
    )
  const operators = filter.key === 'create_time' ? TIME_OPERATORS : TEXT_OPERATORS
  if (!operators.includes(filter.operator))
    throw new AppError(
      'ConditionOperator',
      `${where}.operator is ${JSON.stringify(filter.operator)}, for ${filter.key} it must be one of ${operators.join(', ')}`,
    )
  return filter.key === 'create_time' ? timeCondition(filter, where) : textCondition(filter, where)
}

function textCondition(filter: Filter, where: string): (row: Row) => Expression<SqlBool>[] {
  const column = TEXT_COLUMNS[filter.key as keyof typeof TEXT_COLUMNS]
  const values = filter.value.filter((value) => value !== '')
  const unknown =
    filter.key === 'phase' &&
    filter.operator !== 'like' &&
    values.find((value) => !(PHASES as readonly string[]).includes(value))
  if (unknown)
    throw new AppError(
      'ConditionValue',
      `${where}.value has ${JSON.stringify(unknown)}, a phase is one of ${PHASES.join(', ')}`,
    )
  if (values.length === 0) return () => []
  return (row) => {
    if (filter.operator === 'like') return [row.or(values.map((value) => contains(row.ref(column), value)))]
    return [row(column, filter.operator === 'in' ? 'in' : 'not in', values)]
  }
}

/** Values are milliseconds since 1970. `between` includes both ends; a blank end is open. */
function timeCondition(filter: Filter, where: string): (row: Row) => Expression<SqlBool>[] {
  const times = filter.value.map((value) => (value.trim() === '' ? null : toTime(value, where)))
  const given = times.filter((time) => time !== null)
  if (given.length === 0) return () => []
  if (filter.operator !== 'between')
    return (row) => [row('create_time', filter.operator === 'in' ? 'in' : 'not in', given)]
  const [from, until] = times
  if (
    from === undefined ||
    until === undefined ||
    times.length !== 2 ||
    (from ?? 0) > (until ?? Number.MAX_SAFE_INTEGER)
  )
    throw new AppError(
      'ConditionValue',
      `${where}.value is ${JSON.stringify(filter.value)}, for between it must be two times in milliseconds, the earlier one first`,
    )
  return () => [sql<SqlBool>`create_time between ${from ?? 0} and ${until ?? Number.MAX_SAFE_INTEGER}`]
}

function toTime(value: string, where: string): number {
  const time = Number(value)
  if (/^\d{1,16}$/.test(value) && Number.isSafeInteger(time)) return time
  throw new AppError(
    'ConditionValue',
    `${where}.value has ${JSON.stringify(value)}, create_time is a whole number of milliseconds since 1970`,
  )
}
