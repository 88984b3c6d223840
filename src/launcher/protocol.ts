// The constants of src/api/task.ts without zod, which takes longer to load than the launcher may take to start.
// Their types are the contract's literal types: a value that differs does not compile.
import type * as contract from '../api/task.ts'

export const TASK_PROTOCOL: typeof contract.TASK_PROTOCOL = 1

export const TASK_ROUTES: typeof contract.TASK_ROUTES = {
  hello: '/.ropeway/v1/hello',
  rankTable: '/.ropeway/v1/rank-table',
  logs: '/.ropeway/v1/logs',
  reports: '/.ropeway/v1/reports',
}

export const LAUNCHER_EXIT: typeof contract.LAUNCHER_EXIT = {
  usage: 2,
  stageFailed: 120,
  rankTableTimeout: 121,
  rankTableInvalid: 122,
  ownInstanceNotFound: 123,
  spawnFailed: 124,
  uploadFailed: 125,
  stopped: 143,
}

export const TASK_PATHS: typeof contract.TASK_PATHS = {
  runtime: '/opt/ropeway',
  runDir: '/run/ropeway',
  socket: '/run/ropeway/task.sock',
  spool: '/run/ropeway/spool',
  launcherSocket: '/run/ropeway/spool/launcher.sock',
}
