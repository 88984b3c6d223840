// One's own image from one's own registry, as a new user meets it.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { type DockerEngine, startDockerEngine } from '../engines/dockerd.ts'
import { busyboxFiles, importImage } from '../engines/images.ts'
import { startRegistry, type TestRegistry } from '../engines/registry.ts'
import { body, MAIN, Ropeway, until } from './harness.ts'

const LOGIN = { user: 'ann', password: "it's $ecret" }

describe('a private registry', () => {
  let engine: DockerEngine
  let registry: TestRegistry
  let ropeway: Ropeway
  const cli = async (args: readonly string[], input = '') => {
    const child = spawn(process.execPath, [MAIN, ...args, '--data', ropeway.dataDir])
    let text = ''
    child.stdout.on('data', (chunk) => (text += chunk))
    child.stderr.on('data', (chunk) => (text += chunk))
    child.stdin.end(input)
    const [code] = await once(child, 'close')
    return { code, text }
  }
  const run = (name: string) =>
    ropeway.run(
      body(name, 'echo from the registry', {
        algorithm: { engine: { image_url: `${registry.host}/team/train:1` } },
      }),
    )

  before(async () => {
    engine = await startDockerEngine()
    registry = await startRegistry(engine, { port: 5000, login: LOGIN })
    await importImage(engine.docker, 'built/here:1', await busyboxFiles())
    await registry.push('built/here:1', 'team/train:1')
    ropeway = await Ropeway.start({ backend: 'docker', env: { DOCKER_HOST: engine.host } })
  })
  after(async () => {
    await ropeway[Symbol.asyncDispose]()
    await registry[Symbol.asyncDispose]()
    await engine[Symbol.asyncDispose]()
  })

  test('without a login the job is Abnormal within seconds, with the registry words and what to do', async () => {
    const begun = performance.now()
    const { job } = await run('no-login')
    assert.equal(job.status.phase, 'Abnormal')
    assert.match(
      String(job.status.message),
      /could not be pulled: the registry wants a login.*"ropeway registry add"/,
    )
    assert.ok(performance.now() - begun < 20_000)
  })

  test('a wrong password is said by "registry test" and by the job', async () => {
    const added = await cli(
      ['registry', 'add', registry.host, '--username', LOGIN.user, '--password-stdin'],
      'wrong\n',
    )
    assert.equal(added.code, 0, added.text)
    const tried = await cli(['registry', 'test', registry.host])
    assert.equal(tried.code, 1)
    assert.match(tried.text, /does not accept the user name or password|wants a login/)
    const { job } = await run('wrong-password')
    assert.equal(job.status.phase, 'Abnormal')
    assert.match(String(job.status.message), /team\/train:1 could not be pulled/)
  })

  test('the right one runs the image; the password is nowhere to be read', async () => {
    const added = await cli(
      ['registry', 'add', registry.host, '--username', LOGIN.user, '--password-stdin', '--json'],
      `${LOGIN.password}\n`,
    )
    assert.equal(added.code, 0, added.text)
    const tried = await cli(['registry', 'test', registry.host, '--image', `${registry.host}/team/train:1`])
    assert.deepEqual(tried, { code: 0, text: `${registry.host}/team/train:1 can be pulled\n` })
    const { job, events, logs } = await run('with-login')
    assert.equal(job.status.phase, 'Completed', String(job.status.message))
    assert.match(logs['worker-0'] ?? '', /from the registry/)
    assert.ok(events.some((event) => event.startsWith('ImagePulled: ')))
    assert.match(String(job.status.running_records[0]?.['image_digest']), /^sha256:[0-9a-f]{64}$/)
    const listed = await cli(['registry', 'list', '--json'])
    const said = [added.text, listed.text, JSON.stringify(job), events.join(), ropeway.serverLog].join()
    assert.equal(said.includes(LOGIN.password), false)
    assert.match(listed.text, /"user_name": "ann"/)
  })

  test('a login that was taken away opens nothing any more', async () => {
    assert.equal((await cli(['registry', 'rm', registry.host])).code, 0)
    const again = await cli(['registry', 'rm', registry.host])
    assert.equal(again.code, 1)
    assert.match(again.text, /valid: a registry with a login in this project/)
    const bad = await cli(['registry', 'add', 'https://x/y', '--username', 'a', '--password-stdin'], 'p')
    assert.match(bad.text, /valid: HOST or HOST:PORT/)
  })
})

test('a job whose pull hangs can be stopped at once', async () => {
  await using engine = await startDockerEngine()
  const listen =
    'import socket,time; s=socket.socket(); s.bind(("127.0.0.1",5009)); s.listen(); print("up",flush=True); time.sleep(600)'
  const [command = '', ...args] = [...engine.inNetwork, '/usr/bin/python3', '-c', listen]
  const silent = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    await once(silent.stdout, 'data')
    await using ropeway = await Ropeway.start({ backend: 'docker', env: { DOCKER_HOST: engine.host } })
    const engineOf = { engine: { image_url: '127.0.0.1:5009/never/answers:1' } }
    const { metadata } = await ropeway.client.create(body('hanging', 'true', { algorithm: engineOf }))
    await until('it pulls', async () => {
      const { events } = await ropeway.client.streamEvents(metadata.id, 0, 0)
      return events.some(({ reason }) => reason === 'PullingImage')
    })
    const begun = performance.now()
    await ropeway.client.terminate(metadata.id)
    const job = await ropeway.waitFor(
      metadata.id,
      'it has ended',
      ({ status }) => status.phase === 'Terminated',
    )
    assert.ok(performance.now() - begun < 5_000)
    assert.equal(job.status.phase, 'Terminated')
  } finally {
    silent.kill('SIGKILL')
  }
})
