// A server on the fake backend with something of everything in it, so that any call has something to ask for.
import { namesInPath } from '../../../src/api/openapi/path.ts'
import { ROUTES, type RouteName, routeOf } from '../../../src/api/routes.ts'
import { body, Ropeway } from '../harness.ts'
import { RawClient } from './signed.ts'

export type World = AsyncDisposable & {
  readonly ropeway: Ropeway
  readonly raw: RawClient
  /** A value for each name in a route's path. What a route changes or ends is made for it alone. */
  paramsFor(name: RouteName): Promise<Record<string, string>>
}

/** A preset engine, and what it stands for. */
export const ENGINE = {
  engine_id: 'ms-2.3',
  engine_name: 'Ascend-Powered-Engine',
  engine_version: 'mindspore_2.3',
}
const SITE = `engines: [${JSON.stringify({ ...ENGINE, image_url: 'host' })}]\n`

/** As the examples of tokens have it. */
const PASSWORD = 'correct horse'
/**
 * Calls that need what a made-up request or the fake backend has not, and the code they refuse it with. Their answers are
 * tested elsewhere.
 */
export const ONLY_REFUSED: Partial<Record<RouteName, string>> = {
  ...Object.fromEntries(
    (Object.keys(ROUTES) as RouteName[])
      .filter((name) => routeOf(name).refused !== undefined)
      .map((name) => [name, 'ModelArts.2858']),
  ),
  checkImage: 'ModelArts.2858',
  testRegistry: 'ModelArts.2858',
  /** These look at a token in a header. */
  showToken: 'ModelArts.9021',
  revokeToken: 'ModelArts.9021',
  /** An ordinary request is no WebSocket. */
  execInTask: 'ModelArts.2878',
  /** The example's jobs are of nobody. */
  batchDeleteTrainingJobs: 'ModelArts.2775',
  /** A link is made anew each time. */
  downloadLog: 'ModelArts.9030',
}

const fake = (behaviour: object) => ({ 'ropeway/fake': JSON.stringify({ tasks: { '*': behaviour } }) })

/** What a name in a path stands for. */
const STANDS_FOR: Readonly<
  Record<string, (world: Inner, reads: boolean, name: RouteName) => string | Promise<string>>
> = {
  project: ({ ropeway }) => ropeway.credentials.project_id,
  job: ({ doneJob, liveJob }, reads) => (reads ? doneJob : liveJob()),
  task: () => 'worker-0',
  stream: () => 'task',
  report: () => 'training-event',
  pool: () => 'default',
  trial: () => 'trial-1',
  parameter: () => 'lr',
  type: () => 'hyper',
  algorithm: (world) =>
    world.make('algorithms', { job_config: { command: 'true', engine: { image_url: 'host' } } }),
  experiment: (world) => world.make('training-experiments', {}),
  registry: () => 'harbor.example.com',
  connection: ({ newConnection }, _, name) =>
    name === 'putStorageConnection' ? 'of-the-team' : newConnection(),
  user: ({ admin, newUser }, reads) => (reads ? admin : newUser()),
  key: ({ ropeway, newKey }, reads) => (reads ? ropeway.credentials.access_key : newKey()),
  // Members are those of the project that new users are in.
  anyproject: ({ ropeway, newProject }, reads, name) =>
    reads || name.includes('Member') ? ropeway.credentials.project_id : newProject(),
}

type Inner = {
  readonly ropeway: Ropeway
  readonly doneJob: string
  /** The id of who asks. */
  readonly admin: string
  liveJob(): Promise<string>
  newUser(): Promise<string>
  newKey(): Promise<string>
  newProject(): Promise<string>
  /** A store elsewhere that does not answer. */
  newConnection(): Promise<string>
  /** Something new of a kind, by the last word of its path; answers its id. */
  make(kind: string, body: object): Promise<string>
}

/** `env`: more of the server's environment. */
export async function openWorld(env: Record<string, string> = {}): Promise<World> {
  await using owned = new AsyncDisposableStack()
  const ropeway = owned.use(await Ropeway.start({ backend: 'fake', simulate: '2x4', site: SITE, env }))
  const raw = new RawClient(ropeway.credentials)
  await ropeway.upload({
    'training-bucket/code/train.py': 'print("hello")\n',
    'training-bucket/data/1.bin': 'one',
  })
  await ropeway.client.putRegistry('harbor.example.com', { user_name: 'ann', password: 'p' })
  const done = await ropeway.run(body('done', 'true', { annotations: fake({ runMs: 0, logs: ['hello'] }) }))
  let last: string | undefined
  let made = 0
  const liveJob = async () => {
    // The one before makes room, so that this one really runs.
    if (last !== undefined) await ropeway.client.delete(last).catch(() => undefined)
    const annotations = fake({ runMs: null })
    const { metadata } = await ropeway.client.create(body(`live-${++made}`, 'sleep', { annotations }))
    last = metadata.id
    await ropeway.waitFor(last, 'it runs', ({ status }) => status.phase === 'Running')
    return last
  }
  const make = async (kind: string, more: object) => {
    const target = `/v2/${ropeway.credentials.project_id}/${kind}`
    const text = JSON.stringify({ metadata: { name: `made-${++made}` }, ...more })
    const { json } = await raw.send({ method: 'POST', target, body: text })
    return (json as { metadata: { id: string } }).metadata.id
  }
  const { identity } = ropeway.client
  await identity.addUser({ name: 'ann', password: PASSWORD, project: 'default' })
  const inner: Inner = {
    ...{ ropeway, doneJob: done.job.metadata.id, liveJob, make },
    admin: (await identity.whoAmI()).user_id,
    newUser: async () =>
      (await identity.addUser({ name: `user-${++made}`, password: PASSWORD, project: 'default' })).id,
    newKey: async () => (await identity.addKey({})).access_key,
    newConnection: async () => {
      const name = `store-${++made}`
      const place = { endpoint: 'http://127.0.0.1:9', buckets: [`bucket-${made}`] }
      const body = { ...place, access_key: 'a', secret_key: 's' }
      await ropeway.client.call('putStorageConnection', { params: { connection: name }, body })
      return name
    },
    newProject: async () => (await identity.addProject({ name: `project-${++made}` })).id,
  }
  const disposables = owned.move()
  return {
    ropeway,
    raw,
    paramsFor: async (name) => {
      const { path, method, reads } = routeOf(name)
      const entries = namesInPath(path).map(async (part) => {
        const make = STANDS_FOR[part]
        if (make === undefined)
          throw new Error(`${name}: say in STANDS_FOR of test/e2e/api/world.ts what ":${part}" stands for`)
        return [part, await make(inner, method === 'GET' || reads === true, name)]
      })
      return Object.fromEntries(await Promise.all(entries))
    },
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}
