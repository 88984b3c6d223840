// Constants of the contract with the launcher. Apart from task.ts, because loading zod takes longer than the launcher
// may take to start.

export const TASK_PROTOCOL = 1

export const TASK_ROUTES = {
  hello: '/.ropeway/v1/hello',
  rankTable: '/.ropeway/v1/rank-table',
  logs: '/.ropeway/v1/logs',
  logFiles: '/.ropeway/v1/log-files',
  reports: '/.ropeway/v1/reports',
  exec: '/.ropeway/v1/exec',
} as const

/** Exit codes of the launcher itself (ascend.md §3.11). A user's program that uses the same numbers is not confused:
 *  the `end` report says which. */
export const LAUNCHER_EXIT = {
  usage: 2,
  stageFailed: 120,
  rankTableTimeout: 121,
  rankTableInvalid: 122,
  ownInstanceNotFound: 123,
  spawnFailed: 124,
  uploadFailed: 125,
  stopped: 143,
} as const

/** Fixed places in every task (decisions.md 1.1). */
export const TASK_PATHS = {
  runtime: '/opt/ropeway',
  runDir: '/run/ropeway',
  socket: '/run/ropeway/task.sock',
  /** Writable for the task's uid; holds the log spool and the launcher's inner socket. */
  spool: '/run/ropeway/spool',
  launcherSocket: '/run/ropeway/spool/launcher.sock',
} as const
