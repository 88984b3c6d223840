// A real server as a child process on a folder of its own, and what end-to-end tests do with it.
import { type ChildProcess, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import type { TrainingJob } from '../../src/api/job-answer.ts'
import { type FollowItem, followJob } from '../../src/client/follow.ts'
import { type CreateBody, RopewayClient } from '../../src/client/ropeway-client.ts'
import { ObjectClient } from '../../src/storage/object-client.ts'

export const ROOT = join(import.meta.dirname, '..', '..')
export const MAIN = join(ROOT, 'src', 'main.ts')

export type ServeOptions = {
  backend?: 'host' | 'docker' | 'fake'
  /** null: the devices that this machine has. */
  simulate?: string | null
  env?: Record<string, string>
  dataDir?: string
  /** Text of DIR/site.yaml. */
  site?: string
  /** More flags of `ropeway serve`. */
  args?: readonly string[]
}
export type Credentials = {
  endpoint: string
  object_endpoint: string
  project_id: string
  access_key: string
  secret_key: string
}

const DEADLINE_MS = 60_000

/** One server and its data folder; `kill` is kill -9, `start` brings it back on the same folder and ports. */
export class Ropeway implements AsyncDisposable {
  readonly dataDir: string
  readonly #options: ServeOptions
  readonly #ownsDir: boolean
  #child: ChildProcess | null = null
  #stderr = ''
  credentials!: Credentials
  client!: RopewayClient
  objects!: ObjectClient

  constructor(options: ServeOptions) {
    this.#options = options
    this.#ownsDir = options.dataDir === undefined
    this.dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'rw-'))
    if (options.site !== undefined) writeFileSync(join(this.dataDir, 'site.yaml'), options.site)
  }

  static async start(options: ServeOptions = {}): Promise<Ropeway> {
    const ropeway = new Ropeway(options)
    await ropeway.start()
    return ropeway
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** Everything the server wrote to its log so far. */
  get serverLog(): string {
    return this.#stderr
  }

  /** Starts the server and waits until it answers. */
  async start(env: Record<string, string> = {}): Promise<void> {
    const previous = this.credentials as Credentials | undefined
    const port = (url: string | undefined) => (url ? new URL(url).host : '127.0.0.1:0')
    rmSync(join(this.dataDir, 'credentials.json'), { force: true })
    const args = [
      MAIN,
      'serve',
      '--data',
      this.dataDir,
      '--listen',
      port(previous?.endpoint),
      '--objects',
      port(previous?.object_endpoint),
    ]
    const { backend = 'host', simulate = '2x4' } = this.#options
    args.push('--backend', backend, ...(simulate === null ? [] : ['--simulate', simulate]))
    args.push(...(this.#options.args ?? []))
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...this.#options.env, ...env },
    })
    this.#child = child
    child.stderr?.on('data', (chunk) => {
      this.#stderr += chunk
    })
    const file = join(this.dataDir, 'credentials.json')
    await until(
      'the server answers',
      () => existsSync(file) || child.exitCode !== null || child.signalCode !== null,
    )
    if (child.exitCode !== null || child.signalCode !== null) {
      if (env['ROPEWAY_FAULT_POINT']) return
      throw new Error(`the server ended with ${child.exitCode ?? child.signalCode}: ${this.#stderr}`)
    }
    this.credentials = JSON.parse(readFileSync(file, 'utf8'))
    const { endpoint, object_endpoint, project_id, access_key, secret_key } = this.credentials
    await this.client?.[Symbol.asyncDispose]()
    await this.objects?.[Symbol.asyncDispose]()
    this.client = new RopewayClient({
      endpoint,
      accessKey: access_key,
      secretKey: secret_key,
      projectId: project_id,
    })
    this.objects = new ObjectClient({
      target: { endpoint: object_endpoint, accessKey: access_key, secretKey: secret_key },
    })
  }

  /** Resolves when the server process is gone. */
  async gone(): Promise<void> {
    const child = this.#child
    if (child && child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }

  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.gone()
  }

  async stop(): Promise<number | null> {
    this.#child?.kill('SIGTERM')
    await this.gone()
    return this.#child?.exitCode ?? null
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client?.[Symbol.asyncDispose]()
    await this.objects?.[Symbol.asyncDispose]()
    await this.stop()
    this.#killTasks()
    if (this.#ownsDir) rmSync(this.dataDir, { recursive: true, force: true })
  }

  /** Tasks outlive a server on purpose; they must not outlive a test that failed half way. */
  #killTasks(): void {
    const tasks = join(this.dataDir, 'tasks')
    for (const name of existsSync(tasks) ? readdirSync(tasks) : []) {
      const info = join(tasks, name, 'info.json')
      const pid =
        existsSync(info) && !existsSync(join(tasks, name, 'exit.json'))
          ? Number(/"child-pid": *(\d+)/.exec(readFileSync(info, 'utf8'))?.[1])
          : 0
      if (pid > 1) process.kill(pid, 'SIGKILL')
    }
  }

  /** Puts text objects; keys are `bucket/key`. Buckets are made. */
  async upload(objects: Record<string, string | Buffer>): Promise<void> {
    const made = new Set<string>()
    for (const [path, content] of Object.entries(objects)) {
      const [bucket, ...rest] = path.split('/')
      if (!made.has(bucket!)) await this.objects.createBucket(bucket!)
      made.add(bucket!)
      await this.objects.put(bucket!, rest.join('/'), Buffer.from(content))
    }
  }

  /** Creates a job and follows it to its end. */
  async run(body: CreateBody): Promise<Finished> {
    const job = await this.client.create(body)
    return this.follow(job.metadata.id)
  }

  /** Follows a job to its end. */
  async follow(
    jobId: string,
    onItem: (item: FollowItem) => void | Promise<void> = () => {},
  ): Promise<Finished> {
    const events: string[] = []
    const logs: Record<string, string> = {}
    const signal = AbortSignal.timeout(DEADLINE_MS * 2)
    for await (const item of followJob(this.client, jobId, { signal })) {
      if (item.kind === 'event') events.push(`${item.event.reason}: ${item.event.message}`)
      if (item.kind === 'log')
        logs[item.task] = (logs[item.task] ?? '') + Buffer.from(item.bytes).toString('utf8')
      await onItem(item)
    }
    return { job: await this.client.show(jobId), events, logs }
  }

  /** Waits until a job satisfies a condition. */
  async waitFor(jobId: string, what: string, condition: (job: TrainingJob) => boolean): Promise<TrainingJob> {
    let last: TrainingJob | undefined
    let since = 0
    const deadline = Date.now() + DEADLINE_MS
    for (;;) {
      last = await this.client.show(jobId)
      if (condition(last)) return last
      if (Date.now() > deadline)
        throw new Error(`waited too long until ${what}; the job is ${JSON.stringify(last.status)}`)
      since = (await this.client.streamEvents(jobId, since, 1)).next
    }
  }
}

/** Runs `ropeway serve` for as long as it lasts: for servers that refuse to start. */
export function serveOnce(
  args: readonly string[],
  env: Record<string, string> = {},
): SpawnSyncReturns<string> {
  const ports = ['--listen', '127.0.0.1:0', '--objects', '127.0.0.1:0']
  return spawnSync(process.execPath, [MAIN, 'serve', ...ports, ...args], {
    encoding: 'utf8',
    timeout: 30_000,
    env: { ...process.env, ...env },
  })
}

export type Finished = { job: TrainingJob; events: string[]; logs: Record<string, string> }

/** Looks again and again, closely; a condition that needs no server to wait on. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs = DEADLINE_MS,
): Promise<void> {
  const deadline = Date.now() + deadlineMs
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited too long until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Did a call work? */
export const answers = (call: Promise<unknown>): Promise<boolean> =>
  call.then(
    () => true,
    () => false,
  )

/** Waits until a job is gone for good. */
export const erased = (ropeway: Ropeway, jobId: string): Promise<void> =>
  until('the job is erased', async () => !(await answers(ropeway.client.show(jobId))))

/** A create body: a command on the host image. */
export function body(
  name: string,
  command: string,
  more: {
    flavor?: string
    nodes?: number
    environments?: Record<string, string>
    annotations?: Record<string, string>
    algorithm?: object
    spec?: object
  } = {},
): CreateBody {
  return {
    kind: 'job',
    metadata: { name, annotations: more.annotations ?? {} },
    algorithm: {
      engine: { image_url: 'host' },
      command,
      environments: more.environments ?? {},
      ...more.algorithm,
    },
    spec: {
      resource: { flavor_id: more.flavor ?? 'ropeway.cpu.1', node_count: more.nodes ?? 1 },
      ...more.spec,
    },
  } as CreateBody
}
