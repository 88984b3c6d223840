// The triggers of 0011-search.ts as PostgreSQL has them. A count that every transaction changed would have all of them wait
// for each other's disk: each adds a row of its own instead, and every thousandth job adds those rows up.
import { DETAILS, GROUP_COLUMNS, keysOf, sameKey } from './0011-search-columns.ts'

const columns = GROUP_COLUMNS.join(', ')
const groupsOf = (job: string) => `from (${keysOf(job)}) k join job_groups g on ${sameKey('g', 'k')}`

export const postgresTriggers = (): string[] => [
  'create table group_changes (group_id bigint not null, jobs bigint not null)',
  `create view counted_groups as
    select id, ${columns}, jobs from job_groups
    union all
    select g.id, ${GROUP_COLUMNS.map((name) => `g.${name}`).join(', ')}, c.jobs
      from group_changes c join job_groups g on g.id = c.group_id`,
  // Another transaction may make the groups meanwhile: each statement sees what was committed before it.
  `create function ropeway_group(job jobs) returns bigint language plpgsql as $$
  declare found_id bigint;
  begin
    loop
      select g.id into found_id ${groupsOf('job')} where k.detail = ${DETAILS.both};
      if found_id is not null then return found_id; end if;
      insert into job_groups (${columns}) ${keysOf('job')} on conflict do nothing;
    end loop;
  end $$`,
  // Readers see both before or both after; two at a time would wait for each other in a circle.
  `create function ropeway_add_up_groups() returns void language plpgsql as $$
  begin
    if not pg_try_advisory_xact_lock(hashtext('ropeway groups')) then return; end if;
    with gone as (
      delete from group_changes returning group_id, jobs
    ), added as (
      select group_id, sum(jobs) as jobs from gone group by group_id
    )
    update job_groups g set jobs = g.jobs + added.jobs from added where g.id = added.group_id;
  end $$`,
  `create function ropeway_index_job() returns trigger language plpgsql as $$
  declare new_group bigint;
  begin
    if tg_op <> 'INSERT' then
      insert into group_changes (group_id, jobs) select g.id, -1 ${groupsOf('old')};
    end if;
    if tg_op = 'DELETE' then
      delete from job_index where seq = old.seq;
      delete from job_names where seq = old.seq;
      return null;
    end if;
    new_group := ropeway_group(new);
    insert into group_changes (group_id, jobs) select g.id, 1 ${groupsOf('new')};
    if tg_op = 'UPDATE' then
      update job_index set group_id = new_group where seq = new.seq;
      return null;
    end if;
    insert into job_index (seq, project_id, workspace_id, name, folded_name, create_time, group_id)
      values (new.seq, new.project_id, new.workspace_id, new.name, lower(new.name), new.create_time, new_group);
    insert into job_names (seq, name) values (new.seq, lower(new.name));
    if new.seq % 1000 = 0 then perform ropeway_add_up_groups(); end if;
    return null;
  end $$`,
  'create trigger jobs_indexed after insert or delete on jobs for each row execute function ropeway_index_job()',
  `create trigger jobs_regrouped after update of shown_phase on jobs for each row
    when (old.shown_phase is distinct from new.shown_phase) execute function ropeway_index_job()`,
  ...['job_groups', 'job_index', 'job_names'].map((table) => `analyze ${table}`),
]
