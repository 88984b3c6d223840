// What is asked of a project with a million jobs (seeded-jobs.ts): every filter and every order, the first pages and far ones.
import type { SearchRequest } from '../src/api/job-search.ts'
import { SORT_KEYS } from '../src/job/job-query.ts'
import { nameOf } from '../test/conformance/seeded-jobs.ts'

export type SearchCase = { readonly what: string; readonly body: Partial<SearchRequest> }
type Filter = readonly [key: string, operator: string, ...values: string[]]

const DAY_MS = 86_400_000

function searchCase(
  what: string,
  filters: readonly Filter[],
  parts: { sort_by?: string; order?: 'asc' | 'desc'; offset?: number } = {},
): SearchCase {
  return {
    what,
    body: { ...parts, filters: filters.map(([key, operator, ...value]) => ({ key, operator, value })) },
  }
}

/** `jobs`: how many there are; `nowMs`: the time of the newest. */
export function searchCases(jobs: number, nowMs: number): SearchCase[] {
  const [half, last] = [Math.floor(jobs / 100), Math.floor(jobs / 50) - 1]
  const days = (from: number, until: number): string[] => [
    `${nowMs - from * DAY_MS}`,
    `${nowMs - until * DAY_MS}`,
  ]
  const user: Filter = ['user_id', 'in', 'user-7']
  return [
    ...SORT_KEYS.flatMap((sort_by) =>
      (['desc', 'asc'] as const).map((order) =>
        searchCase(`by ${sort_by}, ${order}`, [], { sort_by, order }),
      ),
    ),
    ...SORT_KEYS.map((sort_by) => searchCase(`by ${sort_by}, page ${half}`, [], { sort_by, offset: half })),
    searchCase('page 10,000', [], { offset: Math.min(10_000, last) }),
    searchCase('the last page', [], { offset: last }),
    searchCase('phase in Running', [['phase', 'in', 'Running']]),
    searchCase('phase in Failed', [['phase', 'in', 'Failed']]),
    searchCase('phase in Failed, page 1,000', [['phase', 'in', 'Failed']], { offset: Math.min(1_000, half) }),
    searchCase('phase not Completed', [['phase', 'not', 'Completed']]),
    searchCase('phase like led', [['phase', 'like', 'led']]),
    searchCase('user_id in', [user]),
    searchCase('user_id in, page 100', [user], { offset: 100 }),
    searchCase('user_id not', [['user_id', 'not', 'user-7']]),
    searchCase('user_id like', [['user_id', 'like', 'er-7']]),
    searchCase('algorithm_name in', [['algorithm_name', 'in', 'algorithm-3', 'algorithm-4']]),
    searchCase('algorithm_name like', [['algorithm_name', 'like', 'rithm']]),
    searchCase('algorithm_name not', [['algorithm_name', 'not', 'algorithm-3']]),
    searchCase('kind in job', [['kind', 'in', 'job']]),
    searchCase('kind in hetero_job', [['kind', 'in', 'hetero_job']]),
    searchCase('kind not job', [['kind', 'not', 'job']]),
    searchCase('runtime_type in debug', [['runtime_type', 'in', 'debug']]),
    searchCase('runtime_type not debug', [['runtime_type', 'not', 'debug']]),
    searchCase('name in', [['name', 'in', nameOf(7), nameOf(jobs >> 1), 'nobody']]),
    searchCase('name not', [['name', 'not', nameOf(jobs - 5), nameOf(7)]]),
    searchCase('name like one', [['name', 'like', nameOf(jobs >> 1)]]),
    searchCase('name like a hundred', [['name', 'like', `-${String(jobs >> 1).slice(0, 4)}`]]),
    searchCase('name like an eighth', [['name', 'like', 'whisper']]),
    searchCase('name like two letters', [['name', 'like', 'er']]),
    searchCase('name like a hyphen', [['name', 'like', '-']]),
    searchCase('name like nothing', [['name', 'like', 'zzz']]),
    searchCase('name like nothing, two letters', [['name', 'like', 'zz']]),
    searchCase('create_time between, 45 days', [['create_time', 'between', ...days(100, 55)]]),
    searchCase('create_time between, one day', [['create_time', 'between', ...days(200, 199)]]),
    searchCase('create_time between, page 1,000', [['create_time', 'between', ...days(300, 5)]], {
      offset: Math.min(1_000, half),
    }),
    searchCase('create_time not', [['create_time', 'not', `${nowMs}`]]),
    searchCase('create_time in', [['create_time', 'in', `${nowMs}`, `${nowMs - DAY_MS}`]]),
    searchCase('phase, user and time', [
      ['phase', 'in', 'Failed'],
      user,
      ['create_time', 'between', ...days(90, 10)],
    ]),
    searchCase('phase and user, by name', [['phase', 'in', 'Failed'], user], {
      sort_by: 'name',
      order: 'asc',
    }),
    searchCase('phase not, by user_id', [['phase', 'not', 'Failed']], {
      sort_by: 'user_id',
      offset: half >> 1,
    }),
    searchCase('name like and user', [['name', 'like', 'whisper'], user]),
    searchCase(
      'name like and phase, by name',
      [
        ['name', 'like', 'bert'],
        ['phase', 'in', 'Failed'],
      ],
      { sort_by: 'name' },
    ),
    searchCase('name like by algorithm_name', [['name', 'like', 'bert']], { sort_by: 'algorithm_name' }),
  ]
}
