// Names of the files and folders of one task of the host backend, in one place.
// `<data>/tasks/<name>/` is 0700 and the server's; only the folders bound into the task belong to the task's uid.

/** Files in a task's folder. Who writes each: see supervisor.ts and prepare.ts. */
export const TASK_FILES = {
  plan: 'plan.json',
  started: 'started.json',
  info: 'info.json',
  exit: 'exit.json',
  /** Made before the start, so that a full disk cannot swallow the exit code. */
  exitDraft: 'exit.draft',
  /** There when somebody asked for SIGKILL. */
  killed: 'killed',
  log: 'supervisor.log',
  args: 'bwrap-args',
  cgroups: 'cgroups',
  hosts: 'hosts',
  passwd: 'passwd',
  group: 'group',
} as const

/** Entries of the tasks folder that are no task, beside GRAVES_DIR. */
export const ENDED_DIR = '.ended'
export const SUPERVISOR_FILE = '.supervisor.sh'
