// The triggers of 0011-search.ts as SQLite has them: one writer at a time, so a count is a number that is changed.
import { DETAILS, GROUP_COLUMNS, keysOf, sameKey } from './0011-search-columns.ts'

const columns = GROUP_COLUMNS.join(', ')
const groupsOf = (job: 'old' | 'new') =>
  `select g.id from (${keysOf(job)}) k cross join job_groups g where ${sameKey('g', 'k')}`
const groupOfNew = `(${groupsOf('new')} and g.detail = ${DETAILS.both})`

const count = `insert into job_groups (${columns}, jobs) select ${columns}, 1 from (${keysOf('new')}) where true
  on conflict (${columns}) do update set jobs = jobs + 1;`
const uncount = `update job_groups set jobs = jobs - 1 where id in (${groupsOf('old')});
  delete from job_groups where jobs = 0 and id in (${groupsOf('old')});`

export const sqliteTriggers = (): string[] => [
  'create view counted_groups as select * from job_groups',
  `create trigger jobs_indexed after insert on jobs begin
    ${count}
    insert into job_index (seq, project_id, workspace_id, name, folded_name, create_time, group_id)
      values (new.seq, new.project_id, new.workspace_id, new.name, lower(new.name), new.create_time, ${groupOfNew});
    insert into job_names (rowid, name) values (new.seq, new.name);
  end`,
  `create trigger jobs_regrouped after update of shown_phase on jobs when new.shown_phase <> old.shown_phase begin
    ${count}
    update job_index set group_id = ${groupOfNew} where seq = new.seq;
    ${uncount}
  end`,
  `create trigger jobs_unindexed after delete on jobs begin
    delete from job_index where seq = old.seq;
    delete from job_names where rowid = old.seq;
    ${uncount}
  end`,
]
