// A task that fills its disk is told in time, and ended with a sentence where the site wants that.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startDockerEngine } from '../engines/dockerd.ts'
import { busyboxFiles, importImage } from '../engines/images.ts'
import { nothingLeftOn } from './docker-left.ts'
import { body, Ropeway } from './harness.ts'

const BUDGET = 'disk: { min_free: 1Mi, cache_size: 32Mi'
const write = (path: string, megabytes: number): string => `head -c ${megabytes * 1048576} /dev/zero >${path}`

/** Events of a job about its disk, without their task. */
const saidOf = (events: readonly string[]): string[] =>
  events.filter((event) => /^Cache/.test(event)).map((event) => event.replace('[worker-0] ', ''))

describe('a task with a budget on the disk', () => {
  it('is told at four fifths of it and at its end, and goes on where the site only warns', async () => {
    await using ropeway = await Ropeway.start({ site: `${BUDGET} }\n` })
    const { metadata } = await ropeway.client.create(
      body(
        'fills',
        `${write('/cache/a', 27)}; until [ -e /tmp/go ]; do sleep 0.1; done; ${write('/home/ma-user/b', 9)}; until [ -e /tmp/end ]; do sleep 0.1; done`,
      ),
    )
    const { id } = metadata
    const touch = async (path: string) => {
      await using session = await ropeway.client.exec(
        id,
        'worker-0',
        { command: ['touch', path], terminal: null },
        { onOutput: () => undefined },
      )
      assert.equal(await session.exitCode, 0)
    }
    const ended = await ropeway.follow(id, async (item) => {
      if (item.kind !== 'event') return
      if (item.event.reason === 'CacheFilling') await touch('/tmp/go')
      if (item.event.reason === 'CacheFull') await touch('/tmp/end')
    })
    assert.equal(ended.job.status.phase, 'Completed')
    const [early, full, ...more] = saidOf(ended.events)
    assert.match(
      early ?? '',
      /^CacheFilling: It keeps 27\.\d MiB in \/cache, its homes and \/tmp, 8[4-6] % of the 32\.0 MiB that the site gives a task \(disk\.cache_size\)\.$/,
    )
    assert.match(full ?? '', /^CacheFull: It keeps 36\.\d MiB in \/cache, .*, 11[2-4] % of /)
    assert.deepEqual(more, [])
  })

  it('fails with that sentence where the site stops it, on dockerd with its homes beside /cache', {
    skip: process.getuid?.() !== 0,
  }, async () => {
    await using engine = await startDockerEngine()
    await importImage(engine.docker, 'fills:1', await busyboxFiles(), ['ENV PATH=/bin'])
    await using ropeway = await Ropeway.start({
      ...{ backend: 'docker', env: { DOCKER_HOST: engine.host }, simulate: '1x2' },
      site: `${BUDGET}, cache_over: stop }\n`,
    })
    const command = `${write('/cache/a', 20)}; ${write('/home/work/b', 20)}; exec sleep 600`
    const ended = await ropeway.run(
      body('fills', command, { algorithm: { engine: { image_url: 'fills:1' } } }),
    )
    const why =
      /worker-0 keeps 40\.\d MiB in \/cache, its homes and \/tmp; the site gives a task 32\.0 MiB \(disk\.cache_size\)\.$/
    assert.equal(ended.job.status.phase, 'Failed')
    for (const reason of ['CacheOverBudget: The job is being stopped', 'JobFailed: The job failed'])
      assert.ok(
        ended.events.some((event) => event.startsWith(reason) && why.test(event)),
        ended.events.join('\n'),
      )
    await nothingLeftOn(engine.docker, ropeway)
  })
})
