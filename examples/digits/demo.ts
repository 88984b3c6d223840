// `make demo`: a server on an empty folder, the digits in a bucket, the job of job.yaml followed live to its end.
// On Docker when it answers, in an image made of this machine's own files; BACKEND=host or docker decides otherwise.
// Ends with the job's exit code and leaves nothing behind; KEEP=1 keeps the data folder and says where it is.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { parse } from 'yaml'
import { exitCodeOf } from '../../src/cli/job/exit-code.ts'
import { ApiError } from '../../src/client/api-error.ts'
import { followJob, type JobState } from '../../src/client/follow.ts'
import { type CreateBody, RopewayClient } from '../../src/client/ropeway-client.ts'
import { ObjectClient } from '../../src/storage/object-client.ts'
import { convertDigits } from './convert.ts'
import { DEMO_IMAGE, findEngine, makeDemoImage, removeDemoImage, seesOurFiles } from './demo-image.ts'
import { LivePrinter, printSummary, type Written } from './demo-print.ts'
import { DemoServer } from './demo-server.ts'

const HERE = import.meta.dirname
const BUCKET = 'training-bucket'
const CODE = ['train.py', 'rank_table.py', 'ring.py']
/** How long a job may take to be gone after it was deleted: the server's grace and a little. */
const GONE_MS = 40_000

const say = (text: string): void => void process.stdout.write(`${text}\n`)

/** Converts the digits and puts code and data where job.yaml expects them. */
async function upload(objects: ObjectClient, workDir: string, signal: AbortSignal): Promise<void> {
  await objects.createBucket(BUCKET, { signal })
  const dataDir = join(workDir, 'digits')
  const { train, test } = await convertDigits(dataDir)
  const files = [
    ...CODE.map((name) => ({ from: join(HERE, name), key: `digits/code/${name}` })),
    ...['train.bin', 'test.bin'].map((name) => ({ from: join(dataDir, name), key: `digits/data/${name}` })),
  ]
  for (const { from, key } of files) await objects.put(BUCKET, key, await readFile(from), { signal })
  say(
    `objects  obs://${BUCKET}/digits/code/ and obs://${BUCKET}/digits/data/ (${train} digits to learn, ${test} held out)`,
  )
}

/** Prints the job as it happens. Resolves to its last state and to when each phase was first seen, in ms from `startMs`. */
async function follow(client: RopewayClient, jobId: string, startMs: number, signal: AbortSignal) {
  const phases: { phase: string; atMs: number }[] = [{ phase: 'Creating', atMs: 0 }]
  const printer = new LivePrinter(startMs, say)
  let last: JobState | undefined
  for await (const item of followJob(client, jobId, { signal })) {
    if (item.kind === 'log') printer.log(item.task, item.bytes)
    else if (item.kind === 'event') printer.event(item.event)
    else {
      last = item.state
      if (phases.at(-1)?.phase !== last.phase)
        phases.push({ phase: last.phase, atMs: performance.now() - startMs })
    }
  }
  printer.end()
  if (!last) throw new Error('the server told nothing about the job')
  return { state: last, phases, endMs: performance.now() - startMs }
}

/** What the job wrote under train_url, and the metrics among it. */
async function readResult(objects: ObjectClient, signal: AbortSignal): Promise<Written> {
  const files: { url: string; size: number }[] = []
  for await (const entry of objects.list(BUCKET, { prefix: 'model/', signal }))
    if (entry.kind === 'object') files.push({ url: `obs://${BUCKET}/${entry.key}`, size: entry.size })
  if (!files.some(({ url }) => url.endsWith('/metrics.json'))) return { files, metrics: null }
  const { body } = await objects.getStream(BUCKET, 'model/metrics.json', { signal })
  const pieces = await body.toArray()
  return { files, metrics: JSON.parse(Buffer.concat(pieces).toString('utf8')) }
}

/** Deletes the job, a live one too, and waits until nothing of it is left: its tasks would outlive the server. */
async function forget(client: RopewayClient, jobId: string): Promise<void> {
  const signal = AbortSignal.timeout(GONE_MS)
  try {
    await client.delete(jobId, signal)
    for (let since = 0; ; ) since = (await client.streamEvents(jobId, since, 1, signal)).next
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
  }
}

type Place = {
  readonly backend: 'docker' | 'host'
  readonly image: string
  readonly why: string
  remove(): Promise<void>
}

const onHost = (why: string): Place => ({
  backend: 'host',
  image: 'host',
  why,
  remove: async () => undefined,
})

/** Where the job runs. Throws when BACKEND asks for a Docker that cannot be used. */
async function choosePlace(wish: string | undefined): Promise<Place> {
  if (wish !== undefined && !['', 'auto', 'docker', 'host'].includes(wish))
    throw new Error(`BACKEND: got ${JSON.stringify(wish)}; valid: docker, host, auto`)
  if (wish === 'host') return onHost('BACKEND=host')
  const docker = await findEngine(process.env['DOCKER_HOST'])
  if (docker === null) return orHost(wish, 'no Docker engine answers')
  const remove = () => removeDemoImage(docker)
  const dir = await mkdtemp(join(tmpdir(), 'ropeway-demo-'))
  try {
    await makeDemoImage(docker)
    if (await seesOurFiles(docker, dir))
      return {
        backend: 'docker',
        image: DEMO_IMAGE,
        why: "Docker answers; the image is this machine's own Python",
        remove,
      }
    await remove()
    return orHost(wish, "the Docker engine does not see this machine's files")
  } finally {
    await rm(dir, { recursive: true })
  }
}

function orHost(wish: string | undefined, why: string): Place {
  if (wish === 'docker')
    throw new Error(`BACKEND=docker: ${why}; valid: host, or a Docker engine of this machine`)
  return onHost(why)
}

async function runJob(
  server: DemoServer,
  image: string,
  keep: boolean,
  signal: AbortSignal,
): Promise<number> {
  const { endpoint, object_endpoint, project_id, access_key, secret_key } = server.credentials
  const keys = { accessKey: access_key, secretKey: secret_key }
  await using objects = new ObjectClient({ target: { endpoint: object_endpoint, ...keys } })
  await using client = new RopewayClient({ endpoint, projectId: project_id, ...keys })
  await upload(objects, server.workDir, signal)
  const template = parse(await readFile(join(HERE, 'job.yaml'), 'utf8')) as CreateBody
  const body = { ...template, algorithm: { ...template.algorithm, engine: { image_url: image } } }
  say(`command  ${body.algorithm?.command}`)
  const startMs = performance.now()
  const job = await client.create(body, signal)
  say(`job      ${job.metadata.name} ${job.metadata.id}\n`)
  let done = false
  try {
    const { state, phases, endMs } = await follow(client, job.metadata.id, startMs, signal)
    done = true
    const written = await readResult(objects, signal)
    printSummary({ state, phases, endMs, written, dataDir: keep ? server.dataDir : null }, say)
    return exitCodeOf(state)
  } finally {
    if (!done) say('stopping the job')
    if (!done || !keep) await forget(client, job.metadata.id)
  }
}

/** Resolves to the exit code. */
async function main(): Promise<number> {
  const keep = (process.env['KEEP'] ?? '') !== ''
  const stop = new AbortController()
  let interrupted = 0
  for (const [name, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)
    process.on(name, () => {
      say(interrupted === 0 ? `\n${name}: cleaning up` : 'still cleaning up')
      interrupted ||= code
      stop.abort(new DOMException(`interrupted by ${name}`, 'AbortError'))
    })
  try {
    await using resources = new AsyncDisposableStack()
    const place = await choosePlace(process.env['BACKEND'])
    if (!keep) resources.defer(() => place.remove())
    say(`backend  ${place.backend} (${place.why})`)
    const server = resources.use(
      await DemoServer.start({ keep, backend: place.backend, signal: stop.signal }),
    )
    say(
      `server   ${server.credentials.endpoint}, 2 simulated hosts with 4 Ascend devices each, data in ${server.dataDir}`,
    )
    return await runJob(server, place.image, keep, stop.signal)
  } catch (error) {
    if (interrupted !== 0) return interrupted
    process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
}

process.exitCode = await main()
