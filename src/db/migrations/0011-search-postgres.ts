// The triggers of 0011-search.ts as PostgreSQL has them: counts are rows that are added, so transactions at one time do
// not wait for each other, and every thousandth job makes one row of those of a group.
import { DETAILS, GROUP_COLUMNS, keysOf, sameKey } from './0011-search-columns.ts'

export const groupTriggersOfPostgres = (): string[] => [
  // Another transaction may make the groups meanwhile: each statement sees what was committed before it.
  `create function ropeway_group(job jobs) returns bigint language plpgsql as $$
  declare found_id bigint;
  begin
    loop
      select g.id into found_id from (${keysOf('job')}) k join job_groups g on ${sameKey('g', 'k')}
        where k.detail = ${DETAILS.both};
      if found_id is not null then return found_id; end if;
      insert into job_groups (${GROUP_COLUMNS.join(', ')}) ${keysOf('job')} on conflict do nothing;
    end loop;
  end $$`,
  `create function ropeway_count(job jobs, difference integer) returns void language sql as $$
    insert into group_counts (group_id, jobs)
      select g.id, difference from (${keysOf('job')}) k join job_groups g on ${sameKey('g', 'k')}
  $$`,
  `create function ropeway_fold_counts() returns void language sql as $$
    with many as (
      select group_id from group_counts group by group_id having count(*) > 1
    ), free as (
      select c.ctid from group_counts c join many using (group_id) for update of c skip locked
    ), gone as (
      delete from group_counts where ctid in (select ctid from free) returning group_id, jobs
    )
    insert into group_counts (group_id, jobs)
      select group_id, sum(jobs) from gone group by group_id having sum(jobs) <> 0
  $$`,
  `create function ropeway_index_job() returns trigger language plpgsql as $$
  declare new_group bigint;
  begin
    if tg_op <> 'INSERT' then perform ropeway_count(old, -1); end if;
    if tg_op = 'DELETE' then
      delete from job_index where seq = old.seq;
      delete from job_names where seq = old.seq;
      return null;
    end if;
    new_group := ropeway_group(new);
    perform ropeway_count(new, 1);
    if tg_op = 'UPDATE' then
      update job_index set group_id = new_group where seq = new.seq;
      return null;
    end if;
    insert into job_index (seq, project_id, workspace_id, name, create_time, group_id)
      values (new.seq, new.project_id, new.workspace_id, new.name, new.create_time, new_group);
    insert into job_names (seq, name) values (new.seq, new.name);
    if new.seq % 1000 = 0 then perform ropeway_fold_counts(); end if;
    return null;
  end $$`,
  'create trigger jobs_indexed after insert or delete on jobs for each row execute function ropeway_index_job()',
  `create trigger jobs_regrouped after update of shown_phase on jobs for each row
    when (old.shown_phase is distinct from new.shown_phase) execute function ropeway_index_job()`,
]
