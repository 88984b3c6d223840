// The triggers of 0011-search.ts as SQLite has them: one writer at a time, so a count is one row that is changed.
import { GROUP_COLUMNS } from './0011-search-columns.ts'

const columns = GROUP_COLUMNS.join(', ')
const values = GROUP_COLUMNS.map((name) => (name === 'period' ? 'new.create_time >> 30' : `new.${name}`))
const groupOfNew = `(select id from job_groups where ${GROUP_COLUMNS.map((name, n) => `${name} = ${values[n]}`).join(' and ')})`
const groupOfOld = '(select group_id from job_index where seq = old.seq)'

const makeGroup = `insert into job_groups (${columns}) values (${values.join(', ')}) on conflict do nothing;`
const countNew = `insert into group_counts (group_id, jobs) values (${groupOfNew}, 1)
  on conflict (group_id) do update set jobs = jobs + 1;`
const uncountOld = `update group_counts set jobs = jobs - 1 where group_id = ${groupOfOld};
  delete from group_counts where group_id = ${groupOfOld} and jobs = 0;`

export const groupTriggersOfSqlite = (): string[] => [
  `create trigger jobs_indexed after insert on jobs begin
    ${makeGroup}
    ${countNew}
    insert into job_index (seq, project_id, workspace_id, name, create_time, group_id)
      values (new.seq, new.project_id, new.workspace_id, new.name, new.create_time, ${groupOfNew});
    insert into job_names (rowid, name) values (new.seq, new.name);
  end`,
  `create trigger jobs_regrouped after update of shown_phase on jobs when new.shown_phase <> old.shown_phase begin
    ${uncountOld}
    ${makeGroup}
    ${countNew}
    update job_index set group_id = ${groupOfNew} where seq = new.seq;
  end`,
  `create trigger jobs_unindexed after delete on jobs begin
    ${uncountOld}
    delete from job_index where seq = old.seq;
    delete from job_names where rowid = old.seq;
  end`,
]
