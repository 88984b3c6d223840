// What makes a group of jobs (0011-search.ts), in the order of its key.

/** Which of the last two columns a group tells apart; in the others they are empty. Jobs are in those of `both`. */
export const DETAILS = { neither: 0, user: 1, algorithm: 2, both: 3 } as const

export const SHARED_COLUMNS = ['workspace_id', 'period', 'shown_phase', 'kind', 'runtime_type'] as const
export const GROUP_COLUMNS = [
  ...(['project_id', 'detail'] as const),
  ...SHARED_COLUMNS,
  ...(['user_name', 'algorithm_name'] as const),
] as const

/** `period`: 2^30 ms of create_time, about twelve days. */
const shared = (job: string) =>
  SHARED_COLUMNS.map((name) => (name === 'period' ? `${job}.create_time >> 30` : `${job}.${name}`))

/** A query for the keys of a job's four groups; `job` names its row. */
export const keysOf = (job: string): string =>
  [
    [DETAILS.neither, "''", "''"],
    [DETAILS.user, `${job}.user_name`, "''"],
    [DETAILS.algorithm, "''", `${job}.algorithm_name`],
    [DETAILS.both, `${job}.user_name`, `${job}.algorithm_name`],
  ]
    .map(
      ([detail, user, algorithm]) =>
        `select ${job}.project_id as project_id, ${detail} as detail, ${shared(job)
          .map((value, n) => `${value} as ${SHARED_COLUMNS[n]}`)
          .join(', ')}, ${user} as user_name, ${algorithm} as algorithm_name`,
    )
    .join(' union all ')

/** Is it the group of the key? Two names of tables. */
export const sameKey = (group: string, key: string): string =>
  GROUP_COLUMNS.map((name) => `${group}.${name} = ${key}.${name}`).join(' and ')
