// Images from a real registry with login, pulled by a real engine.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { AppError } from '../../src/api/error.ts'
import type { ErrorName } from '../../src/api/errors.ts'
import { ImagePuller, type RegistryAuth } from '../../src/backend/docker/image.ts'
import { createRegistryTester } from '../../src/backend/docker/registry.ts'
import type { NewEvent } from '../../src/job/job.ts'
import type { RegistryTest } from '../../src/job/registries.ts'
import type { PullPolicy } from '../../src/job/site.ts'
import { type DockerEngine, startDockerEngine } from '../engines/dockerd.ts'
import { busyboxFiles, importImage } from '../engines/images.ts'
import { type PodmanEngine, startPodmanEngine } from '../engines/podman.ts'
import { startRegistry, type TestRegistry } from '../engines/registry.ts'

const LOGIN = { user: 'ann', password: 'pass word$"' }
const SIGNAL = AbortSignal.timeout(120_000)

describe('images of a registry with login', () => {
  let engine: DockerEngine
  let registry: TestRegistry
  let puller: ImagePuller
  let image: string
  const auth = (password = LOGIN.password): RegistryAuth => ({
    username: LOGIN.user,
    password,
    serveraddress: registry.host,
  })
  const ensure = async (
    name: string,
    login: RegistryAuth | null,
    pullPolicy: PullPolicy = 'missing',
    signal = SIGNAL,
  ) => {
    const events: NewEvent[] = []
    const resolved = await puller.ensure(
      { image: name, pullPolicy, auth: login },
      (event) => events.push(event),
      signal,
    )
    return { resolved, events }
  }
  const forget = () => engine.docker.getImage(image).remove({ force: true })

  before(async () => {
    engine = await startDockerEngine()
    registry = await startRegistry(engine, { port: 5000, login: LOGIN })
    puller = new ImagePuller(engine.docker)
    image = `${registry.host}/team/train:1`
    await importImage(engine.docker, 'built/here:1', await busyboxFiles(), [
      'ENV A=b',
      'USER 1000',
      'ENTRYPOINT ["/bin/true"]',
    ])
    await registry.push('built/here:1', 'team/train:1')
  })
  after(async () => {
    await registry[Symbol.asyncDispose]()
    await engine[Symbol.asyncDispose]()
  })

  test('the right login fetches it, with words on what happens, and its digest is told', async () => {
    const { resolved, events } = await ensure(image, auth())
    assert.match(resolved.digest, /^sha256:[0-9a-f]{64}$/)
    assert.notEqual(resolved.digest, resolved.id)
    assert.deepEqual(
      [resolved.user, resolved.entrypoint, resolved.env.includes('A=b')],
      ['1000', ['/bin/true'], true],
    )
    assert.deepEqual(
      events.map(({ reason }) => reason),
      ['PullingImage', 'ImagePulled'],
    )
    assert.equal(JSON.stringify(events).includes(LOGIN.password), false)
    const again = await ensure(image, null)
    assert.deepEqual(again, { resolved, events: [] })
    await forget()
  })

  const refused: readonly (readonly [string, () => Promise<unknown>, ErrorName, RegExp])[] = [
    [
      'a wrong password',
      () => ensure(image, auth('wrong')),
      'RegistryRefused',
      /team\/train:1 could not be pulled: .*\(unauthorized: authentication required\)$/,
    ],
    [
      'no login',
      () => ensure(image, null),
      'RegistryRefused',
      /wants a login; .* \(Head "http[^(]*: no basic auth credentials\)$/,
    ],
    [
      'a tag that is not there',
      () => ensure(`${registry.host}/team/train:2`, auth()),
      'ImageNotFound',
      /no image of that name and tag.*manifest/,
    ],
    [
      'a repository that is not there',
      () => ensure(`${registry.host}/team/none:1`, auth()),
      'ImageNotFound',
      /no image of that name/,
    ],
    [
      'a registry that is not there',
      () => ensure('127.0.0.1:1/a/b:1', null),
      'RegistryUnreachable',
      /nobody listens/,
    ],
    [
      'a host that nobody knows',
      () => ensure('registry.invalid/a/b:1', null),
      'RegistryUnreachable',
      /name could not be looked up/,
    ],
    [
      'an image that may not be fetched',
      () => ensure(image, auth(), 'never'),
      'ImageNotFound',
      /pull policy "never" does not fetch it/,
    ],
    ['a name that cannot be one', () => ensure('Team/X', null), 'InvalidParam', /capital letters/],
  ]
  for (const [what, run, code, message] of refused)
    test(`${what} is one sentence with the registry's own words`, async () => {
      const begun = performance.now()
      await assert.rejects(run(), (error) => {
        assert.ok(error instanceof AppError)
        assert.equal(error.code, code, error.message)
        assert.match(error.message, message)
        return true
      })
      assert.ok(performance.now() - begun < 10_000)
    })

  test('eight callers at once fetch it once, and one who leaves takes it from nobody', async () => {
    const asked = async () =>
      (await registry.requests()).filter((line) => line.includes('/v2/team/train/manifests/')).length
    const before = await asked()
    await ensure(image, auth())
    const perPull = (await asked()) - before
    await forget()
    const leaving = new AbortController()
    const left = assert.rejects(ensure(image, auth(), 'missing', leaving.signal), /gone home/)
    const eight = Array.from({ length: 8 }, () => ensure(image, auth()))
    leaving.abort(new Error('gone home'))
    await left
    const all = await Promise.all(eight)
    assert.equal(new Set(all.map(({ resolved }) => resolved.digest)).size, 1)
    assert.deepEqual([(await asked()) - before, perPull > 0], [2 * perPull, true])
    await forget()
  })

  test('a digest names the same image, whatever becomes of its tag', async () => {
    const { resolved } = await ensure(image, auth())
    await forget()
    const byDigest = await ensure(`${registry.host}/team/train@${resolved.digest}`, auth())
    assert.deepEqual(byDigest.resolved, resolved)
    assert.deepEqual((await ensure(resolved.id, null)).resolved.id, resolved.id)
    await engine.docker.getImage(resolved.id).remove({ force: true })
  })

  test('an image built here is used as it is, and "always" says when the registry lacks it', async () => {
    const { resolved, events } = await ensure('built/here:1', null, 'missing').catch(async () => {
      await importImage(engine.docker, 'built/here:1', await busyboxFiles())
      return ensure('built/here:1', null)
    })
    assert.deepEqual([resolved.digest, events], [resolved.id, []])
    await engine.docker.getImage('built/here:1').tag({ repo: `${registry.host}/team/local`, tag: '1' })
    await assert.rejects(
      ensure(`${registry.host}/team/local:1`, auth(), 'always'),
      /has no image of that name.* The engine has an image of that name; pull policy "missing" would use it/,
    )
  })

  test('an id of the engine is no way around "always": no registry can be asked for it', async () => {
    const { Id } = await engine.docker.getImage('built/here:1').inspect()
    assert.equal((await ensure(Id, null)).resolved.id, Id)
    await assert.rejects(
      ensure(Id, null, 'always'),
      /the id of an image on this engine, for which no registry can be asked/,
    )
  })

  test('"always" takes what the tag names now, "missing" and "never" what the engine has', async () => {
    const moved = `${registry.host}/team/moved:1`
    await importImage(engine.docker, 'built/old:1', await busyboxFiles())
    await importImage(engine.docker, 'built/new:1', await busyboxFiles(), ['ENV NEW=1'])
    await registry.push('built/old:1', 'team/moved:1')
    const old = (await ensure(moved, auth())).resolved
    await registry.push('built/new:1', 'team/new:1')
    await engine.docker.getImage('built/new:1').tag({ repo: `${registry.host}/team/moved`, tag: '1' })
    await registry.push(moved, 'team/moved:1')
    await engine.docker.getImage(old.id).tag({ repo: `${registry.host}/team/moved`, tag: '1' })
    for (const policy of ['missing', 'never'] as const)
      assert.deepEqual(await ensure(moved, auth(), policy), { resolved: old, events: [] })
    const now = await ensure(moved, auth(), 'always')
    assert.notEqual(now.resolved.digest, old.digest)
    assert.ok(now.resolved.env.includes('NEW=1'))
    const again = await ensure(moved, auth(), 'always')
    assert.match(again.events.at(-1)?.message ?? '', /is what the registry has: sha256:/)
  })

  const ask = (password: string, name: string | null, host = registry.host) =>
    createRegistryTester(engine.docker, engine.socket).test(
      { host, userName: LOGIN.user, password },
      name === null ? null : `${host}/${name}`,
      SIGNAL,
    )
  const asked: readonly (readonly [string, () => Promise<RegistryTest>, boolean, RegExp])[] = [
    [
      'the right login',
      () => ask(LOGIN.password, null),
      true,
      /^127\.0\.0\.1:5000 accepts the login of ann$/,
    ],
    ['an image that is there', () => ask(LOGIN.password, 'team/train:1'), true, /can be pulled$/],
    ['a tag that is not', () => ask(LOGIN.password, 'team/train:9'), false, /train:9: .*has no image/],
    ['a wrong password', () => ask('no', 'team/train:1'), false, /not accept the user name or password/],
    ['nobody there', () => ask('no', null, '127.0.0.1:1'), false, /^127\.0\.0\.1:1: nobody listens/],
  ]
  for (const [what, run, ok, message] of asked)
    test(`asked before a job needs it, a registry tells of ${what}`, async () => {
      const answer = await run()
      assert.match(answer.message, message)
      assert.equal(answer.ok, ok)
    })
})

describe('Podman, which answers every pull with success and then says otherwise', () => {
  let engine: PodmanEngine
  before(async () => {
    engine = await startPodmanEngine()
  })
  after(() => engine[Symbol.asyncDispose]())

  test('a registry that is not there is said in the same sentence', async () => {
    const puller = new ImagePuller(engine.docker, { firstPauseMs: 1 })
    await assert.rejects(
      puller.ensure({ image: '127.0.0.1:1/a/b:1', pullPolicy: 'missing', auth: null }, () => {}, SIGNAL),
      (error) =>
        error instanceof AppError &&
        error.code === 'RegistryUnreachable' &&
        /nobody listens.*connection refused\)$/.test(error.message),
    )
  })

  test('and is said before a job needs it', async () => {
    const login = { host: '127.0.0.1:1', userName: 'ann', password: 'pw' }
    const answer = await createRegistryTester(engine.docker, engine.socket).test(login, null, SIGNAL)
    assert.equal(answer.ok, false)
    assert.match(answer.message, /nobody listens/)
  })
})
