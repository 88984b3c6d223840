// Paths as the documents write them, and what stands in them. Pure.

type PathParameter = { readonly wire: string; readonly says: string; readonly example: string }

/** Every name that a route's path uses. */
export const PATH_PARAMETERS: Readonly<Record<string, PathParameter>> = {
  user: { wire: 'user_id', says: 'A user.', example: '4c1d0bd28bd44d85b45a45e0d8cbb5d2' },
  key: { wire: 'access_key', says: 'An access key.', example: 'RW7XK3PQZ2M9DTN4VHYB' },
  anyproject: { wire: 'project_id', says: 'A project.', example: 'p1' },
  project: { wire: 'project_id', says: 'The project of the caller.', example: 'p1' },
  job: {
    wire: 'training_job_id',
    says: 'A training job of the project.',
    example: '3faf5c03-aaa1-4cbe-879d-24b05d997347',
  },
  task: { wire: 'task_id', says: 'A task of the job, as status.tasks names it.', example: 'worker-0' },
  stream: {
    wire: 'stream',
    says: '`task` for all that a task printed, `rank-N` for one rank.',
    example: 'task',
  },
  algorithm: {
    wire: 'algorithm_id',
    says: 'A stored algorithm of the project.',
    example: '2e5451fe-913f-4492-821a-2981031382f7',
  },
  experiment: {
    wire: 'experiment_id',
    says: 'An experiment of the project.',
    example: 'c0d3468c-275b-437a-95da-d082c8fc6eb0',
  },
  report: { wire: 'report_type', says: 'Only `training-event`.', example: 'training-event' },
  pool: { wire: 'pool_name', says: 'The pool; there is one.', example: 'default' },
  trial: { wire: 'trial_id', says: 'A trial of a search.', example: 'trial-1' },
  parameter: { wire: 'parameter_name', says: 'A parameter of a search.', example: 'lr' },
  type: { wire: 'algorithm_type', says: 'A kind of search.', example: 'hyper' },
  registry: {
    wire: 'registry',
    says: 'Host of a registry, with its port where it has one.',
    example: 'harbor.example.com',
  },
  connection: {
    wire: 'connection',
    says: 'Name of a connection to an object store elsewhere.',
    example: 'beijing',
  },
}

/** Names in a path in Hono's form, in order. */
export const namesInPath = (path: string): string[] =>
  [...path.matchAll(/:([a-z]+)/g)].map((match) => match[1] ?? '')

/** Hono's `:project` as the documents write it. */
export const wirePath = (path: string): string =>
  path.replace(/:([a-z]+)/g, (_, name: string) => `{${PATH_PARAMETERS[name]?.wire ?? name}}`)
