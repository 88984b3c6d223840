// What searches read instead of the jobs themselves, kept by triggers (docs/adr/0006-search.md):
// job_groups    all jobs of a project that are alike in everything a filter can ask but the name, in one span of time
// group_counts  how many are in each group
// job_index     one narrow row per job: name, time, group
// job_names     names by their trigrams
import { type Kysely, sql } from 'kysely'
import { isPostgres } from '../is-postgres.ts'
import { DETAILS, GROUP_COLUMNS, SHARED_COLUMNS, sameKey } from './0011-search-columns.ts'
import { groupTriggersOfPostgres } from './0011-search-postgres.ts'
import { groupTriggersOfSqlite } from './0011-search-sqlite.ts'

const columns = GROUP_COLUMNS.join(', ')
const run = (db: Kysely<unknown>, text: string) => sql.raw(text).execute(db)

export async function up(db: Kysely<unknown>): Promise<void> {
  const postgres = isPostgres(db)
  await makeTables(db, postgres)
  await fill(db, postgres)
  /** What is read along with an index, so that the row need not be. */
  const covering = (keys: string, rest: string) =>
    postgres ? `(${keys}) include (${rest})` : `(${keys}, ${rest})`
  for (const statement of [
    'create index job_groups_by_user on job_groups (project_id, detail, user_name, workspace_id, period)',
    'create index job_groups_by_algorithm on job_groups (project_id, detail, algorithm_name, workspace_id, period)',
    `create index job_index_by_group on job_index ${covering('group_id, create_time, seq', 'name')}`,
    `create index job_index_by_time on job_index ${covering('project_id, workspace_id, create_time, seq', 'group_id, name')}`,
    `create index job_index_by_name on job_index ${covering('project_id, workspace_id, name, seq', 'group_id')}`,
    'create index job_hosts_by_host on job_hosts (serve_id, host_id)',
    ...(postgres ? groupTriggersOfPostgres() : groupTriggersOfSqlite()),
    'drop index jobs_by_time',
  ])
    await run(db, statement)
}

async function makeTables(db: Kysely<unknown>, postgres: boolean): Promise<void> {
  const text = postgres ? 'text collate "C"' : 'text'
  const typeOf = (name: string) => (name === 'period' ? 'bigint' : name === 'detail' ? 'integer' : text)
  const typed = GROUP_COLUMNS.map((name) => `${name} ${typeOf(name)} not null`)
  const id = postgres ? 'bigint generated always as identity' : 'integer'
  // On PostgreSQL every change adds a row, and now and then those of a group become one: nobody waits for a counter.
  const oneRow = postgres ? '' : 'primary key'
  for (const statement of [
    `create table job_groups (id ${id} primary key, ${typed.join(', ')}, unique (${columns}))`,
    `create table group_counts (group_id ${postgres ? 'bigint' : 'integer'} not null ${oneRow}, jobs bigint not null)`,
    `create table job_index (seq ${postgres ? 'bigint' : 'integer'} primary key, project_id ${text} not null,
      workspace_id ${text} not null, name ${text} not null, create_time bigint not null, group_id bigint not null)`,
    postgres
      ? `create table job_names (seq bigint primary key, name ${text} not null)`
      : `create virtual table job_names using fts5
          (name, tokenize = 'trigram', content = '', contentless_delete = 1, detail = 'none')`,
  ])
    await run(db, statement)
}

/** Jobs that are there already; the wide table is read once. */
async function fill(db: Kysely<unknown>, postgres: boolean): Promise<void> {
  const shared = SHARED_COLUMNS.join(', ')
  for (const statement of [
    `create temporary table narrow_jobs as select seq, project_id, ${DETAILS.both} as detail,
      ${shared.replace('period', 'create_time >> 30 as period')}, user_name, algorithm_name, name, create_time
      from jobs`,
    `insert into job_groups (${columns}) select distinct ${columns} from narrow_jobs`,
    `insert into job_index (seq, project_id, workspace_id, name, create_time, group_id)
      select j.seq, j.project_id, j.workspace_id, j.name, j.create_time, g.id
      from narrow_jobs j join job_groups g on ${sameKey('g', 'j')} order by j.seq`,
    'insert into group_counts (group_id, jobs) select group_id, count(*) from job_index group by group_id',
    ...coarser(DETAILS.neither, "''", "''"),
    ...coarser(DETAILS.user, 'user_name', "''"),
    ...coarser(DETAILS.algorithm, "''", 'algorithm_name'),
    `insert into job_names (${postgres ? 'seq' : 'rowid'}, name) select seq, name from job_index order by seq`,
    'drop table narrow_jobs',
  ])
    await run(db, statement)
}

/** Groups that tell less apart, from those that tell all. */
function coarser(detail: number, user: string, algorithm: string): string[] {
  const keys = `select distinct project_id, ${detail} as detail, ${SHARED_COLUMNS.join(', ')},
    ${user} as user_name, ${algorithm} as algorithm_name`
  return [
    `insert into job_groups (${columns}) ${keys} from job_groups where detail = ${DETAILS.both}`,
    `insert into group_counts (group_id, jobs)
      select g.id, sum(k.jobs) from (
        ${keys.replace('distinct', '')}, c.jobs as jobs
        from job_groups f join group_counts c on c.group_id = f.id where f.detail = ${DETAILS.both}
      ) k join job_groups g on ${sameKey('g', 'k')} group by g.id`,
  ]
}
