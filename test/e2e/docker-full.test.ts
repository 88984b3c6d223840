// Disks that fill up under tasks in containers: the engine's, the one of /cache, the one of the data folder.
import assert from 'node:assert/strict'
import { finished } from 'node:stream/promises'
import { after, before, describe, it } from 'node:test'
import { ApiError } from '../../src/client/api-error.ts'
import { type DockerEngine, startDockerEngine } from '../engines/dockerd.ts'
import { busyboxFiles, importImage } from '../engines/images.ts'
import { nothingLeftOn } from './docker-left.ts'
import { body, type Finished, Ropeway, type ServeOptions, until } from './harness.ts'
import { dataFolder, fillDisk, smallDisk } from './small-disk.ts'

const algorithm = { engine: { image_url: 'small:latest' } }
const whole = ({ job, events, logs }: Finished): string =>
  JSON.stringify([job.status, events, Object.values(logs).map((log) => log.slice(-2_000))], null, 1)

describe('a disk that fills up under a task on dockerd', () => {
  let engine: DockerEngine
  before(async () => {
    engine = await startDockerEngine({ diskSize: '64m' })
    const files = [...(await busyboxFiles()), { path: 'var/own/', mode: 0o777 }]
    await importImage(engine.docker, 'small:latest', files, ['ENV PATH=/bin'])
  })
  after(() => engine[Symbol.asyncDispose]())

  const serve = (more: ServeOptions): Promise<Ropeway> =>
    Ropeway.start({ backend: 'docker', simulate: '1x2', env: { DOCKER_HOST: engine.host }, ...more })

  for (const [where, path, site] of [
    ["the container's own", '/var/own/fill', () => ''],
    ['/cache', '/cache/fill', (dir: string) => `cache_dir: ${dir}\n`],
    ['a home, beside /cache', '/home/ma-user/fill', (dir: string) => `cache_dir: ${dir}\n`],
  ] as const)
    it(`${where}: the program is told, and the next task has all the room`, async () => {
      using cache = smallDisk('24m')
      await using ropeway = await serve({ site: `disk: { min_free: 1Mi }\n${site(cache.dir)}` })
      for (const name of ['first', 'second']) {
        const write = (megabytes: number) => `dd if=/dev/zero of=${path} bs=1048576 count=${megabytes}`
        const command = `${write(16)} && echo sixteen; ${write(200)} || exit 5`
        const ended = await ropeway.run(body(name, command, { algorithm }))
        assert.deepEqual([ended.job.status.phase, ended.job.status.exit_code], ['Failed', 5], whole(ended))
        assert.match(ended.logs['worker-0'] ?? '', /sixteen[\s\S]*No space left on device/)
        await nothingLeftOn(engine.docker, ropeway)
      }
    })

  it('the data folder: the task goes on, what could not be kept is told of, and wishes are refused in a sentence', async () => {
    using disk = smallDisk('256m')
    await using ropeway = await serve({ dataDir: dataFolder(disk.dir, 'disk: { min_free: 1Mi }\n') })
    const command = 'echo started; while [ ! -e /tmp/go ]; do seq 20000; touch /tmp/lap; done; echo ended'
    const { metadata } = await ropeway.client.create(body('printing', command, { algorithm }))
    const { id } = metadata
    const isRefused = (error: unknown): boolean =>
      error instanceof ApiError && error.status === 507 && /disk|free/.test(error.message)
    await ropeway.waitFor(id, 'it runs', ({ status }) => status.phase === 'Running')
    const inTask = async (script: string): Promise<void> => {
      const [{ Id = '' } = {}] = await engine.docker.listContainers()
      const ask = { Cmd: ['sh', '-c', script], AttachStdout: true, AttachStderr: true }
      const stream = await (await engine.docker.getContainer(Id).exec(ask)).start({})
      await finished(stream.resume())
    }
    {
      using _full = fillDisk(disk.dir)
      await until('a new job is refused', () =>
        ropeway.client.create(body('more', 'true', { algorithm })).then(() => false, isRefused),
      )
      await until('a job that is there cannot be changed either', () =>
        ropeway.client.changeDescription(id, 'new').then(() => false, isRefused),
      )
      // What is printed between two laps has nowhere to go.
      for (const _ of [1, 2]) await inTask('rm /tmp/lap; while [ ! -e /tmp/lap ]; do sleep 0.01; done')
    }
    await inTask('touch /tmp/go')
    const ended = await ropeway.follow(id)
    assert.equal(ended.job.status.phase, 'Completed', whole(ended))
    assert.match(ended.logs['worker-0'] ?? '', /ended/)
    assert.match(ended.logs['worker-0'] ?? '', /\[ropeway\] \d+ bytes of this log are missing here: the disk/)
    assert.doesNotMatch(ropeway.serverLog, /cannot rollback/)
    await nothingLeftOn(engine.docker, ropeway)
  })
})
