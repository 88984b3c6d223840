// What makes a group of jobs (0011-search.ts).

/** `period`: 2^30 ms of create_time, about twelve days. */
export const GROUP_COLUMNS = [
  ...(['project_id', 'workspace_id', 'period', 'shown_phase', 'kind'] as const),
  ...(['user_name', 'algorithm_name', 'runtime_type'] as const),
] as const
