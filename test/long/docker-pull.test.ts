// Pulls that take their time: an image with a huge layer, and an engine that dies in the middle.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { pack } from 'tar-stream'
import { nothingLeftOn } from '../e2e/docker-left.ts'
import { body, Ropeway, until } from '../e2e/harness.ts'
import { type DockerEngine, startDockerEngine } from '../engines/dockerd.ts'
import { busyboxFiles, importImage } from '../engines/images.ts'
import { startRegistry, type TestRegistry } from '../engines/registry.ts'

const run = promisify(execFile)
const MIB = 1 << 20
/** Zeros travel as nothing and take as long to unpack as anything. */
const ZEROS = 3072 * MIB
const NOISE = 256 * MIB

/** Slows the engine's network down to so many Mbit/s; disposing takes that back. */
async function slowNetwork(engine: DockerEngine, mbits: number): Promise<AsyncDisposable> {
  const tc = (...args: string[]) => {
    const [command = '', ...before] = engine.inNetwork
    return run(command, [...before, 'tc', 'qdisc', ...args])
  }
  await tc('add', 'dev', 'lo', 'root', 'tbf', 'rate', `${mbits}mbit`, 'burst', '256kb', 'latency', '400ms')
  return {
    [Symbol.asyncDispose]: async () => {
      await tc('del', 'dev', 'lo', 'root')
    },
  }
}

/** A layer of busybox, noise and zeros, made on the way; resolves to the noise's sha256. */
async function importHuge(engine: DockerEngine, repo: string): Promise<string> {
  const tar = pack()
  const hash = createHash('sha256')
  const add = async (name: string, size: number, piece: () => Buffer) => {
    const entry = tar.entry({ name, size })
    for (let left = size; left > 0; left -= MIB)
      if (!entry.write(piece())) await new Promise((resolve) => entry.once('drain', resolve))
    entry.end()
  }
  const zeros = Buffer.alloc(MIB)
  const noise = () => {
    const bytes = randomBytes(MIB)
    hash.update(bytes)
    return bytes
  }
  const fill = async () => {
    for (const { path, content, link, mode } of await busyboxFiles())
      if (link !== undefined) tar.entry({ name: path, type: 'symlink', linkname: link })
      else if (path.endsWith('/')) tar.entry({ name: path, type: 'directory', mode: mode ?? 0o755 })
      else tar.entry({ name: path, mode: mode ?? 0o644 }, Buffer.from(content ?? ''))
    await add('noise', NOISE, noise)
    await add('zeros', ZEROS, () => zeros)
    tar.finalize()
  }
  const { docker } = engine
  const [answer] = await Promise.all([
    docker.importImage(Readable.from(tar) as never, { repo, tag: '1', changes: ['ENV PATH=/bin'] as never }),
    fill(),
  ])
  await new Promise<void>((resolve, reject) =>
    docker.modem.followProgress(answer, (error) => (error ? reject(error) : resolve())),
  )
  return hash.digest('hex')
}

describe('a pull', () => {
  let engine: DockerEngine
  let registry: TestRegistry
  let ropeway: Ropeway
  before(async () => {
    engine = await startDockerEngine()
    registry = await startRegistry(engine, { port: 5000 })
    ropeway = await Ropeway.start({ backend: 'docker', simulate: '1x2', env: { DOCKER_HOST: engine.host } })
  })
  after(async () => {
    await ropeway?.[Symbol.asyncDispose]()
    await registry?.[Symbol.asyncDispose]()
    await engine?.[Symbol.asyncDispose]()
  })

  const job = (name: string, command: string, image: string) =>
    body(name, command, { algorithm: { engine: { image_url: `${registry.host}/${image}` } } })

  it('of a layer of 3 GiB ends with all of it, and events say how far it is', async () => {
    const sha256 = await importHuge(engine, 'huge')
    await registry.push('huge:1', 'team/huge:1')
    await engine.docker.getImage('huge:1').remove({ force: true })
    await using _slow = await slowNetwork(engine, 200)
    const ended = await ropeway.run(job('huge', 'sha256sum /noise; stat -c "%s bytes" /zeros', 'team/huge:1'))
    const said = ended.events.join('\n')
    assert.equal(ended.job.status.phase, 'Completed', said)
    assert.ok(ended.logs['worker-0']?.includes(`${sha256}  /noise\n${ZEROS} bytes`), ended.logs['worker-0'])
    const [, done = '', all = ''] =
      /PullingImage: .*: (\d+)\.\d MB of (\d+)\.\d MB so far, 0 of 1 layers/.exec(said) ?? []
    assert.ok(Number(done) > 0 && Number(done) < Number(all) && Number(all) >= NOISE / 1e6, said)
    assert.ok(Number(/ImagePulled: .* was pulled: (\d+)\.\d MB/.exec(said)?.[1]) >= NOISE / 1e6, said)
    assert.doesNotMatch(said, /PullRetried|EngineAway/)
    await engine.docker.getImage(`${registry.host}/team/huge:1`).remove({ force: true })
    await nothingLeftOn(engine.docker, ropeway)
  })

  for (const awayMs of [0, 20_000])
    it(`whose engine dies in the middle and comes back after ${awayMs / 1000} s is begun again, and its job runs once`, async () => {
      const name = `cut-${awayMs}`
      await importImage(
        engine.docker,
        `${name}:1`,
        [...(await busyboxFiles()), { path: 'noise', content: randomBytes(64 * MIB) }],
        ['ENV PATH=/bin'],
      )
      await registry.push(`${name}:1`, `team/${name}:1`)
      await engine.docker.getImage(`${name}:1`).remove({ force: true })
      const { metadata } = await ropeway.client.create(
        job(name, 'echo ran; stat -c %s /noise', `team/${name}:1`),
      )
      const { id } = metadata
      {
        await using _slow = await slowNetwork(engine, 50)
        await until('it pulls, and has a part', async () => {
          const { events } = await ropeway.client.streamEvents(id, 0, 0)
          return events.some(({ message }) => /[1-9][\d.]* MB of .* so far/.test(message))
        })
        await engine.stop('SIGKILL')
      }
      assert.notEqual((await ropeway.client.show(id)).status.phase, 'Running')
      await wait(awayMs)
      await engine.start()
      const ended = await ropeway.follow(id)
      const said = ended.events.join('\n')
      assert.equal(ended.job.status.phase, 'Completed', said)
      assert.deepEqual(
        (ended.logs['worker-0'] ?? '').split('\n').filter((line) => line !== '' && !line.startsWith('[')),
        ['ran', String(64 * MIB)],
      )
      assert.equal(ended.events.filter((event) => event.startsWith('TaskStarted')).length, 1, said)
      assert.match(said, /EngineAway/)
      await nothingLeftOn(engine.docker, ropeway)
    })
})
