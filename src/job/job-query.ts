// From a search as it came to what is looked for (modelarts.md §1.6). Pure; blank values of a filter mean no filter.
import type { Inventory } from '../accelerator/device.ts'
import { AppError } from '../api/error.ts'
import { DEFAULT_PAGE_SIZE, type SearchRequest } from '../api/job-search.ts'
import { PHASES } from './job.ts'
import { checkTagFilters, type TagFilter } from './tags.ts'

export const TEXT_KEYS = ['name', 'phase', 'algorithm_name', 'kind', 'user_id', 'runtime_type'] as const
export type TextKey = (typeof TEXT_KEYS)[number]
export const SORT_KEYS = ['create_time', 'name', 'phase', 'algorithm_name', 'kind', 'user_id'] as const
export type SortKey = (typeof SORT_KEYS)[number]

/** `values` are never empty and OR-ed; conditions are AND-ed. */
export type JobCondition =
  | {
      readonly key: TextKey
      readonly operator: 'like' | 'in' | 'not'
      readonly values: readonly string[]
    }
  | { readonly key: 'create_time'; readonly operator: 'in' | 'not'; readonly values: readonly number[] }
  /** Both ends included, in milliseconds. */
  | {
      readonly key: 'create_time'
      readonly operator: 'between'
      readonly from: number
      readonly until: number
    }

export type JobQuery = {
  /** null: all of the project. */
  readonly workspaceId: string | null
  readonly sortBy: SortKey
  readonly order: 'asc' | 'desc'
  /** Jobs before the page. */
  readonly skip: number
  readonly limit: number
  readonly conditions: readonly JobCondition[]
  readonly tags: readonly TagFilter[]
  /** Hosts that tasks of the job have been on; null: any. */
  readonly hostIds: readonly string[] | null
  /** true: only jobs without a tag. */
  readonly untagged?: boolean
  /** Only jobs that have been given their hosts, or only those that have not. */
  readonly placed?: boolean
}

const MAX_FILTERS = 50
const MAX_VALUES = 100
const MAX_VALUE_LENGTH = 256
const TEXT_OPERATORS = ['like', 'in', 'not'] as const
const TIME_OPERATORS = ['between', 'in', 'not'] as const
const DAY_MS = 86_400_000
/** Searches by tag or address look at so many days at most. */
const WINDOW_DAYS = 31

export type SearchContext = {
  readonly query?: { readonly offset?: number | undefined; readonly limit?: number | undefined }
  readonly inventory: Inventory
  readonly nowMs: number
}

/** Throws AppError UnsupportedSortBy, ConditionKey, ConditionOperator, ConditionValue or InvalidParam. */
export function readSearch(request: SearchRequest, { query, inventory, nowMs }: SearchContext): JobQuery {
  const conditions = checkCount(request.filters ?? []).flatMap(toCondition)
  const tags = checkTagFilters(request.tags ?? [])
  const hostIds = request.host_ips?.length ? hostsWith(request.host_ips, inventory) : null
  const none: JobCondition[] =
    request.train_type === 'ftjob' ? [{ key: 'kind', operator: 'in', values: ['ftjob'] }] : []
  const window = tags.length > 0 || hostIds !== null ? checkWindow(conditions, nowMs) : []
  const page = request.offset ?? query?.offset ?? 0
  const limit = request.limit ?? query?.limit ?? DEFAULT_PAGE_SIZE
  return {
    workspaceId: request.workspace_id || '0',
    sortBy: sortKeyOf(request.sort_by ?? ''),
    order: request.order || 'desc',
    skip: page * limit,
    limit,
    conditions: [...conditions, ...none, ...window],
    tags,
    hostIds,
  }
}

/** Ids of the hosts that have these addresses. */
export const hostsWith = (ips: readonly string[], { hosts }: Inventory): string[] =>
  hosts.filter(({ address }) => ips.includes(address)).map(({ id }) => id)

function sortKeyOf(key: string): SortKey {
  const found = SORT_KEYS.find((one) => one === (key || 'create_time'))
  if (found !== undefined) return found
  throw new AppError(
    'UnsupportedSortBy',
    `sort_by: got ${JSON.stringify(key.slice(0, 80))}; valid: ${SORT_KEYS.join(', ')}`,
  )
}

type Filter = NonNullable<SearchRequest['filters']>[number]

/** Bounds what one search may cost; a console sends at most one filter per key, and values people typed or picked. */
function checkCount(filters: readonly Filter[]): readonly Filter[] {
  if (filters.length > MAX_FILTERS)
    throw new AppError(
      'ConditionValue',
      `filters: got ${filters.length} entries; valid: at most ${MAX_FILTERS}`,
    )
  return filters
}

/** One condition, or none when all values are blank. */
function toCondition(filter: Filter, index: number): JobCondition[] {
  const where = `filters[${index}]`
  const values = valuesOf(filter, where)
  if (filter.key === 'create_time') return timeCondition(filter.operator, values, where)
  const key = TEXT_KEYS.find((one) => one === filter.key)
  if (key === undefined)
    throw new AppError(
      'ConditionKey',
      `${where}.key: got ${JSON.stringify(filter.key.slice(0, 80))}; valid: create_time, ${TEXT_KEYS.join(', ')}`,
    )
  const operator = operatorOf(filter, TEXT_OPERATORS, where)
  const given = values.filter((value) => value !== '')
  const unknown = key === 'phase' && operator !== 'like' ? given.find((value) => !isPhase(value)) : undefined
  if (unknown !== undefined)
    throw new AppError(
      'ConditionValue',
      `${where}.value: got ${JSON.stringify(unknown)}; valid: ${PHASES.join(', ')}`,
    )
  return given.length === 0 ? [] : [{ key, operator, values: given }]
}

const isPhase = (value: string): boolean => (PHASES as readonly string[]).includes(value)

function valuesOf({ value }: Filter, where: string): string[] {
  const values = (value ?? []).map((text) => text ?? '')
  if (values.length > MAX_VALUES)
    throw new AppError(
      'ConditionValue',
      `${where}.value: got ${values.length} entries; valid: at most ${MAX_VALUES}`,
    )
  if (values.some((text) => text.length > MAX_VALUE_LENGTH || text.includes('\0')))
    throw new AppError(
      'ConditionValue',
      `${where}.value: got a text over ${MAX_VALUE_LENGTH} characters or with NUL; valid: neither is in any job`,
    )
  return values
}

function operatorOf<T extends string>({ key, operator }: Filter, valid: readonly T[], where: string): T {
  const found = valid.find((one) => one === operator)
  if (found !== undefined) return found
  throw new AppError(
    'ConditionOperator',
    `${where}.operator: got ${JSON.stringify(operator.slice(0, 80))} for ${key}; valid: ${valid.join(', ')}`,
  )
}

/** A blank end of `between` is open. */
function timeCondition(given: string, values: readonly string[], where: string): JobCondition[] {
  const key = 'create_time'
  const operator = operatorOf({ key, operator: given }, TIME_OPERATORS, where)
  const times = values.map((value) => (value.trim() === '' ? null : toTime(value, where)))
  const known = times.filter((time) => time !== null)
  if (known.length === 0) return []
  if (operator !== 'between') return [{ key, operator, values: known }]
  const from = times[0] ?? 0
  const until = times[1] ?? Number.MAX_SAFE_INTEGER
  if (times.length === 2 && from <= until) return [{ key, operator, from, until }]
  throw new AppError(
    'ConditionValue',
    `${where}.value: got ${JSON.stringify(values)}; valid: two times in milliseconds, the earlier one first`,
  )
}

function toTime(value: string, where: string): number {
  const time = Number(value)
  if (/^\d{1,16}$/.test(value) && Number.isSafeInteger(time)) return time
  throw new AppError(
    'ConditionValue',
    `${where}.value: got ${JSON.stringify(value)}; valid: a whole number of milliseconds since 1970`,
  )
}

/** Without a time of its own a search by tag or address looks at the last 31 days. */
function checkWindow(conditions: readonly JobCondition[], nowMs: number): JobCondition[] {
  const between = conditions.find((condition) => condition.operator === 'between')
  if (between === undefined)
    return [
      { key: 'create_time', operator: 'between', from: nowMs - WINDOW_DAYS * DAY_MS, until: nowMs + DAY_MS },
    ]
  if (between.until - between.from <= WINDOW_DAYS * DAY_MS) return []
  throw new AppError(
    'ConditionValue',
    `filters: create_time spans more than ${WINDOW_DAYS} days; valid: at most that with tags or host_ips`,
  )
}
