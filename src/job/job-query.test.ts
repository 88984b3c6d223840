import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inventory2x4 } from '../../test/job-builders.ts'
import { AppError } from '../api/error.ts'
import type { ErrorName } from '../api/errors.ts'
import { searchRequest } from '../api/job-search.ts'
import { readSearch } from './job-query.ts'

const DAY_MS = 86_400_000
const NOW_MS = 100 * DAY_MS
const filter = (key: string, operator: string, ...value: string[]) => ({ key, operator, value })
const read = (search: object, query: { offset?: number; limit?: number } = {}) =>
  readSearch(searchRequest.parse(search), { query, inventory: inventory2x4, nowMs: NOW_MS })
const refuses = (search: object, code: ErrorName, message: RegExp) =>
  assert.throws(
    () => read(search),
    (error) => {
      assert.ok(error instanceof AppError)
      assert.equal(error.code, code)
      assert.match(error.message, message)
      return true
    },
  )

const REFUSED: readonly { title: string; search: object; code: ErrorName; message: RegExp }[] = [
  {
    title: 'unknown key',
    search: { filters: [filter('colour', 'in', 'x')] },
    code: 'ConditionKey',
    message: /filters\[0\]\.key: got "colour".*create_time, name/,
  },
  {
    title: 'key of Object.prototype',
    search: { filters: [filter('constructor', 'in', 'x')] },
    code: 'ConditionKey',
    message: /constructor/,
  },
  {
    title: 'unknown operator',
    search: { filters: [filter('name', 'is', 'x')] },
    code: 'ConditionOperator',
    message: /operator: got "is".*like, in, not/,
  },
  {
    title: 'between on a text',
    search: { filters: [filter('name', 'between', 'a', 'b')] },
    code: 'ConditionOperator',
    message: /for name/,
  },
  {
    title: 'like on a time',
    search: { filters: [filter('create_time', 'like', '1')] },
    code: 'ConditionOperator',
    message: /between, in, not/,
  },
  {
    title: 'time that is no number',
    search: { filters: [filter('create_time', 'between', 'today', '')] },
    code: 'ConditionValue',
    message: /"today".*milliseconds/,
  },
  {
    title: 'one end only',
    search: { filters: [filter('create_time', 'between', '1')] },
    code: 'ConditionValue',
    message: /two times/,
  },
  {
    title: 'ends the wrong way round',
    search: { filters: [filter('create_time', 'between', '2', '1')] },
    code: 'ConditionValue',
    message: /earlier one first/,
  },
  {
    title: 'unknown phase',
    search: { filters: [filter('phase', 'in', 'Sleeping')] },
    code: 'ConditionValue',
    message: /"Sleeping".*Creating/,
  },
  {
    title: 'too many filters',
    search: { filters: Array(51).fill(filter('name', 'in', 'x')) },
    code: 'ConditionValue',
    message: /51.*50/,
  },
  {
    title: 'too many values',
    search: { filters: [filter('name', 'in', ...Array(101).fill('x'))] },
    code: 'ConditionValue',
    message: /101.*100/,
  },
  {
    title: 'too long a value',
    search: { filters: [filter('name', 'like', 'x'.repeat(257))] },
    code: 'ConditionValue',
    message: /256/,
  },
  {
    title: 'NUL in a value',
    search: { filters: [filter('name', 'like', 'a\0')] },
    code: 'ConditionValue',
    message: /NUL/,
  },
  {
    title: 'unknown sort key',
    search: { sort_by: 'size' },
    code: 'UnsupportedSortBy',
    message: /sort_by: got "size".*create_time/,
  },
]

describe('a search', () => {
  for (const { title, search, code, message } of REFUSED)
    it(`is refused with ${title}`, () => refuses(search, code, message))

  it('asks for the newest fifty of workspace 0 when nothing is said', () => {
    const asked = read({})
    assert.deepEqual(
      [asked.workspaceId, asked.sortBy, asked.order, asked.skip, asked.limit],
      ['0', 'create_time', 'desc', 0, 50],
    )
  })

  it('takes the page of the address where the body has none', () => {
    assert.deepEqual([read({}, { limit: 1 }).limit, read({ limit: 7 }, { limit: 1 }).limit], [1, 7])
  })

  it('means no filter by blank values, nulls and nothing at all', () => {
    const filters = [
      filter('name', 'like', ''),
      filter('create_time', 'between', '', ''),
      { key: 'phase', operator: 'in', value: [null] },
      { key: 'kind', operator: 'in' },
    ]
    assert.deepEqual(read({ filters, order: '', sort_by: '', workspace_id: '', tags: [] }).conditions, [])
  })

  it('by tag looks at the last 31 days, or at a time of its own that is no longer', () => {
    const tags = [{ key: 'team', values: ['a', ''] }, { key: 'stage' }]
    const asked = read({ tags })
    assert.deepEqual(asked.tags, [
      { key: 'team', values: ['a'] },
      { key: 'stage', values: [] },
    ])
    assert.deepEqual(asked.conditions, [
      { key: 'create_time', operator: 'between', from: NOW_MS - 31 * DAY_MS, until: NOW_MS + DAY_MS },
    ])
    const time = (days: number) => [filter('create_time', 'between', '0', String(days * DAY_MS))]
    assert.equal(read({ tags, filters: time(31) }).conditions.length, 1)
    refuses({ tags, filters: time(32) }, 'ConditionValue', /31 days/)
    refuses({ tags: [{ key: 'a' }, { key: 'a' }] }, 'InvalidParam', /"a" twice/)
  })

  it('by address finds the hosts that have it', () => {
    const [first] = inventory2x4.hosts
    assert.deepEqual(read({ host_ips: [first?.address, '10.9.9.9'] }).hostIds, [first?.id])
    assert.equal(read({ host_ips: [] }).hostIds, null)
    assert.throws(() => searchRequest.parse({ host_ips: ['localhost'] }))
  })

  it('for fine-tuning jobs finds none', () => {
    assert.deepEqual(read({ train_type: 'ftjob' }).conditions, [
      { key: 'kind', operator: 'in', values: ['ftjob'] },
    ])
  })
})
