// One table of every route. Server, client, docs and tests read it.

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD'
export type Route = {
  readonly method: Method
  readonly path: string
  readonly success: 200 | 201 | 202 | 204
}

/** Paths in Hono's form; `{project_id}` of the documents is `:project`. */
export const ROUTES = {
  createTrainingJob: { method: 'POST', path: '/v2/:project/training-jobs', success: 201 },
  showTrainingJob: { method: 'GET', path: '/v2/:project/training-jobs/:job', success: 200 },
  changeDescription: { method: 'PUT', path: '/v2/:project/training-jobs/:job', success: 200 },
  deleteTrainingJob: { method: 'DELETE', path: '/v2/:project/training-jobs/:job', success: 202 },
  actOnTrainingJob: { method: 'POST', path: '/v2/:project/training-jobs/:job/actions', success: 202 },
  searchTrainingJobs: { method: 'POST', path: '/v2/:project/training-job-searches', success: 200 },
  listTasks: { method: 'GET', path: '/v2/:project/training-jobs/:job/tasks', success: 200 },
  listEvents: { method: 'GET', path: '/v2/:project/training-jobs/:job/events', success: 200 },
  previewLog: {
    method: 'GET',
    path: '/v2/:project/training-jobs/:job/tasks/:task/logs/preview',
    success: 200,
  },
  listFlavors: { method: 'GET', path: '/v2/:project/training-job-flavors', success: 200 },
  dryRun: { method: 'POST', path: '/ropeway/v1/:project/dry-run', success: 200 },
  streamEvents: { method: 'GET', path: '/ropeway/v1/:project/training-jobs/:job/stream', success: 200 },
  listLogStreams: {
    method: 'GET',
    path: '/ropeway/v1/:project/training-jobs/:job/tasks/:task/logs',
    success: 200,
  },
  readLog: {
    method: 'GET',
    path: '/ropeway/v1/:project/training-jobs/:job/tasks/:task/logs/:stream',
    success: 200,
  },
  /** Upgraded to a WebSocket; src/api/exec.ts says what travels on it. */
  execInTask: {
    method: 'GET',
    path: '/ropeway/v1/:project/training-jobs/:job/tasks/:task/exec',
    success: 204,
  },
  listRegistries: { method: 'GET', path: '/ropeway/v1/:project/registries', success: 200 },
  putRegistry: { method: 'PUT', path: '/ropeway/v1/:project/registries/:registry', success: 200 },
  deleteRegistry: { method: 'DELETE', path: '/ropeway/v1/:project/registries/:registry', success: 200 },
  testRegistry: { method: 'POST', path: '/ropeway/v1/:project/registries/:registry/test', success: 200 },
  checkImage: { method: 'POST', path: '/ropeway/v1/:project/image-checks', success: 200 },
} as const satisfies Record<string, Route>

export type RouteName = keyof typeof ROUTES

/** Fills a route's path; each value becomes one encoded segment. */
export function routePath(name: RouteName, params: Readonly<Record<string, string>>): string {
  return ROUTES[name].path.replace(/:([a-z]+)/g, (_, key: string) => encodeURIComponent(params[key] ?? ''))
}
