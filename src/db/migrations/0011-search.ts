// What searches read instead of the jobs themselves, kept by triggers (docs/adr/0006-search.md):
// job_groups  jobs that are alike in everything a filter can ask but the name, in one span of time, and how many they are
// job_index   one narrow row per job: name, time, group
// job_names   names by their trigrams
import { type Kysely, sql } from 'kysely'
import { isPostgres } from '../is-postgres.ts'
import { DETAILS, GROUP_COLUMNS, SHARED_COLUMNS, sameKey } from './0011-search-columns.ts'
import { postgresTriggers } from './0011-search-postgres.ts'
import { sqliteTriggers } from './0011-search-sqlite.ts'

const columns = GROUP_COLUMNS.join(', ')

export async function up(db: Kysely<unknown>): Promise<void> {
  const postgres = isPostgres(db)
  const statements = [
    ...tables(postgres),
    ...fill(postgres),
    ...indexes(postgres),
    ...(postgres ? postgresTriggers() : sqliteTriggers()),
    'drop index jobs_by_time',
  ]
  for (const statement of statements) await sql.raw(statement).execute(db)
}

function tables(postgres: boolean): string[] {
  const text = postgres ? 'text collate "C"' : 'text'
  const typeOf = (name: string) => (name === 'period' ? 'bigint' : name === 'detail' ? 'integer' : text)
  const typed = GROUP_COLUMNS.map((name) => `${name} ${typeOf(name)} not null`).join(', ')
  const id = postgres ? 'bigint generated always as identity' : 'integer'
  return [
    `create table job_groups (id ${id} primary key, ${typed}, jobs bigint not null default 0, unique (${columns}))`,
    `create table job_index (seq ${postgres ? 'bigint' : 'integer'} primary key, project_id ${text} not null,
      workspace_id ${text} not null, name ${text} not null, folded_name ${text} not null,
      create_time bigint not null, group_id bigint not null)`,
    postgres
      ? `create table job_names (seq bigint primary key, name ${text} not null)`
      : `create virtual table job_names using fts5
          (name, tokenize = 'trigram', content = '', contentless_delete = 1, detail = 'none')`,
  ]
}

/** Jobs that are there already; the wide table is read once. */
function fill(postgres: boolean): string[] {
  const shared = SHARED_COLUMNS.join(', ')
  return [
    `create temporary table narrow_jobs as select seq, project_id, ${DETAILS.both} as detail,
      ${shared.replace('period', 'create_time >> 30 as period')}, user_name, algorithm_name, name, create_time
      from jobs`,
    `insert into job_groups (${columns}, jobs) select ${columns}, count(*) from narrow_jobs group by ${columns}`,
    `insert into job_index (seq, project_id, workspace_id, name, folded_name, create_time, group_id)
      select j.seq, j.project_id, j.workspace_id, j.name, lower(j.name), j.create_time, g.id
      from narrow_jobs j join job_groups g on ${sameKey('g', 'j')} order by j.seq`,
    coarser(DETAILS.neither, "''", "''"),
    coarser(DETAILS.user, 'user_name', "''"),
    coarser(DETAILS.algorithm, "''", 'algorithm_name'),
    `insert into job_names (${postgres ? 'seq' : 'rowid'}, name) select seq, folded_name from job_index order by seq`,
    'drop table narrow_jobs',
  ]
}

/** Groups that tell less apart, from those that tell all. */
const coarser = (detail: number, user: string, algorithm: string): string =>
  `insert into job_groups (${columns}, jobs)
    select project_id, ${detail}, ${SHARED_COLUMNS.join(', ')}, ${user}, ${algorithm}, sum(jobs) from job_groups
    where detail = ${DETAILS.both} group by ${GROUP_COLUMNS.map((_, n) => n + 1).join(', ')}`

function indexes(postgres: boolean): string[] {
  /** What is read along with an index, so that the row need not be. */
  const covering = (keys: string, rest: string) =>
    postgres ? `(${keys}) include (${rest})` : `(${keys}, ${rest})`
  return [
    'create index job_groups_by_user on job_groups (project_id, detail, user_name, workspace_id, period)',
    'create index job_groups_by_algorithm on job_groups (project_id, detail, algorithm_name, workspace_id, period)',
    `create index job_index_by_group on job_index ${covering('group_id, create_time, seq', 'folded_name')}`,
    `create index job_index_by_time on job_index
      ${covering('project_id, workspace_id, create_time, seq', 'group_id, folded_name')}`,
    `create index job_index_by_name on job_index
      ${covering('project_id, workspace_id, name, seq', 'group_id, folded_name')}`,
    'create index job_hosts_by_host on job_hosts (serve_id, host_id)',
  ]
}
