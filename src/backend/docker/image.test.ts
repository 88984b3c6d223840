// Pulls against an engine that answers as the test says: what real ones do only when something breaks.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import Docker from 'dockerode'
import { AppError } from '../../api/error.ts'
import type { NewEvent } from '../../job/job.ts'
import { ImagePuller } from './image.ts'

const IMAGE = '127.0.0.1:5000/team/train:1'
const DIGEST = `sha256:${'d'.repeat(64)}`
const AUTH = { username: 'ann', password: 'pw', serveraddress: '127.0.0.1:5000' }
const SIGNAL = AbortSignal.timeout(30_000)

type Pull = (response: ServerResponse, count: number) => void

/** An engine on a socket; the image is there once a pull was answered by `done`. */
async function engine(
  pull: Pull,
  { hold = () => null }: { hold?: (count: number) => Promise<never> | null } = {},
) {
  const dir = await mkdtemp(join(tmpdir(), 'rw-engine-'))
  const state = { pulls: 0, isThere: false }
  const server = createServer((request, response) => {
    if (request.method === 'POST') return pull(response, ++state.pulls)
    response.writeHead(state.isThere ? 200 : 404, { 'content-type': 'application/json' })
    const found = { Id: `sha256:${'1'.repeat(64)}`, RepoDigests: [`127.0.0.1:5000/team/train@${DIGEST}`] }
    response.end(JSON.stringify({ ...found, Architecture: 'amd64', Size: 7, message: 'No such image' }))
  })
  await new Promise<void>((resolve) => server.listen(join(dir, 's'), resolve))
  const events: NewEvent[] = []
  const docker = new Docker({ socketPath: join(dir, 's') })
  const send = docker.pull.bind(docker) as unknown as (...call: unknown[]) => Promise<never>
  let asked = 0
  docker.pull = ((...call: unknown[]) => hold(++asked) ?? send(...call)) as unknown as typeof docker.pull
  const puller = new ImagePuller(docker, { silenceMs: 200, firstPauseMs: 1 })
  return {
    state,
    events,
    reasons: () => events.map(({ reason }) => reason),
    ensure: (signal = SIGNAL, heard: (event: NewEvent) => void = () => {}) =>
      puller.ensure(
        { image: IMAGE, pullPolicy: 'missing', auth: AUTH },
        (event) => {
          events.push(event)
          heard(event)
        },
        signal,
      ),
    done: (response: ServerResponse) => {
      state.isThere = true
      say(response, { status: 'Downloading', id: 'a', progressDetail: { current: 5, total: 5 } })
      response.end()
    },
    hangUp: () => server.closeAllConnections(),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(dir, { recursive: true })
    },
  }
}

const say = (response: ServerResponse, line: object): boolean => response.write(`${JSON.stringify(line)}\n`)
const refuse = (response: ServerResponse, message: string): void => {
  response.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify({ message }))
}
const fails = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof AppError, String(error))
  assert.match(error.message, message)
  assert.equal(error.code, code, error.message)
  return true
}

test('a failure that passes is tried again, and each try is told', async () => {
  await using fake = await engine((response, count) => {
    if (count === 1) return refuse(response, 'received unexpected HTTP status: 503 Service Unavailable')
    if (count > 2) return fake.done(response)
    say(response, { error: 'unexpected EOF' })
    response.end()
  })
  assert.equal((await fake.ensure()).digest, DIGEST)
  assert.deepEqual(fake.reasons(), ['PullingImage', 'PullRetried', 'PullRetried', 'ImagePulled'])
  assert.match(fake.events.at(-1)?.message ?? '', new RegExp(`was pulled: 0.0 MB, ${DIGEST}`))
})

test('after three tries the last failure is the answer, in its own words', async () => {
  await using fake = await engine((response) => refuse(response, 'read tcp: connection reset by peer'))
  await assert.rejects(
    fake.ensure(),
    fails(
      'RegistryUnreachable',
      /team\/train:1 could not be pulled: .* \(read tcp: connection reset by peer\)$/,
    ),
  )
  assert.equal(fake.state.pulls, 3)
})

const ONCE: readonly (readonly [string, string, string, RegExp])[] = [
  ['a login that is refused', 'unauthorized: authentication required', 'RegistryRefused', /login/],
  ['an image that is not there', 'manifest unknown: manifest unknown', 'ImageNotFound', /no image/],
  ['a full disk', 'write /l: no space left on device', 'DiskFull', /no space/],
]
for (const [what, words, code, message] of ONCE)
  test(`${what} is said at once, from an HTTP answer as from inside the progress`, async () => {
    await using fake = await engine((response, count) => {
      if (count === 1) return refuse(response, words)
      say(response, { status: 'Pulling fs layer', id: 'a' })
      say(response, { errorDetail: { message: words }, error: words })
      response.end()
    })
    await assert.rejects(fake.ensure(), fails(code, message))
    await assert.rejects(fake.ensure(), fails(code, message))
    assert.equal(fake.state.pulls, 2)
  })

test('a registry that falls silent has failed, before its first word as after', async () => {
  await using fake = await engine((response, count) => {
    if (count === 2)
      say(response, { status: 'Downloading', id: 'a', progressDetail: { current: 1, total: 9 } })
  })
  await assert.rejects(fake.ensure(), fails('RegistryUnreachable', /in time \(no word from the registry/))
  assert.equal(fake.state.pulls, 3)
})

test('an engine that unpacks may be silent for longer', async () => {
  await using fake = await engine((response) => {
    say(response, { status: 'Download complete', id: 'a' })
    setTimeout(() => fake.done(response), 500)
  })
  await fake.ensure()
  assert.equal(fake.state.pulls, 1)
})

test('an engine that dies in the middle is not blamed on the registry', async () => {
  await using fake = await engine((response) => {
    say(response, { status: 'Pulling fs layer', id: 'a' })
    setImmediate(() => fake.hangUp())
  })
  await assert.rejects(
    fake.ensure(),
    (error) =>
      !(error instanceof AppError) && /ECONNRESET/.test(String((error as NodeJS.ErrnoException).code)),
  )
  assert.equal(fake.state.pulls, 1)
})

test('who comes while an abandoned pull still winds up gets a pull of its own', async () => {
  const windingUp = Promise.withResolvers<never>()
  const begun = Promise.withResolvers<void>()
  await using fake = await engine((response) => fake.done(response), {
    hold: (count) => {
      if (count > 1) return null
      begun.resolve()
      return windingUp.promise
    },
  })
  const leaving = new AbortController()
  const left = assert.rejects(fake.ensure(leaving.signal), /gone home/)
  await begun.promise
  leaving.abort(new Error('gone home'))
  await left
  // It has looked at the engine by then, and waits for a pull.
  const late = fake.ensure(SIGNAL, () => windingUp.reject(new Error('aborted')))
  assert.equal((await late).digest, DIGEST)
  assert.equal(fake.state.pulls, 1)
})
