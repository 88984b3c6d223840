// The triggers of 0011-search.ts as SQLite has them: one writer at a time, so a count is one row that is changed.
import { DETAILS, GROUP_COLUMNS, keysOf, sameKey } from './0011-search-columns.ts'

/** Ids of the groups of a job, which are there. */
const groupsOf = (job: 'old' | 'new', column = 'g.id') =>
  `select ${column} from (${keysOf(job)}) k cross join job_groups g where ${sameKey('g', 'k')}`

const groupOfNew = `(${groupsOf('new')} and g.detail = ${DETAILS.both})`
const count = `insert into job_groups (${GROUP_COLUMNS.join(', ')}) select * from (${keysOf('new')}) where true
    on conflict do nothing;
  insert into group_counts (group_id, jobs) ${groupsOf('new', 'g.id, 1')}
    on conflict (group_id) do update set jobs = jobs + 1;`
const uncount = `update group_counts set jobs = jobs - 1 where group_id in (${groupsOf('old')});
  delete from group_counts where jobs = 0 and group_id in (${groupsOf('old')});`

export const groupTriggersOfSqlite = (): string[] => [
  `create trigger jobs_indexed after insert on jobs begin
    ${count}
    insert into job_index (seq, project_id, workspace_id, name, create_time, group_id)
      values (new.seq, new.project_id, new.workspace_id, new.name, new.create_time, ${groupOfNew});
    insert into job_names (rowid, name) values (new.seq, new.name);
  end`,
  `create trigger jobs_regrouped after update of shown_phase on jobs when new.shown_phase <> old.shown_phase begin
    ${uncount}
    ${count}
    update job_index set group_id = ${groupOfNew} where seq = new.seq;
  end`,
  `create trigger jobs_unindexed after delete on jobs begin
    ${uncount}
    delete from job_index where seq = old.seq;
    delete from job_names where rowid = old.seq;
  end`,
]
