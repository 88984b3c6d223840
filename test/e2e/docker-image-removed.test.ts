// An image that somebody removes after its attempt began and before its container is made.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type DockerEngine, startDockerEngine } from '../engines/dockerd.ts'
import { startEngineProxy } from '../engines/engine-proxy.ts'
import { busyboxFiles, importImage } from '../engines/images.ts'
import { nothingLeftOn } from './docker-left.ts'
import { body, Ropeway, until } from './harness.ts'

const IMAGE = 'goes:1'

describe('an image that is removed', () => {
  let engine: DockerEngine
  before(async () => {
    engine = await startDockerEngine()
  })
  after(() => engine[Symbol.asyncDispose]())

  for (const [title, isTheMoment] of [
    ['before its files are looked at', (path: string) => /\/containers\/create\b(?!.*[?&]name=)/.test(path)],
    ["before the task's container is made", (path: string) => /\/containers\/create\?name=/.test(path)],
  ] as const)
    it(`${title} ends the job as Abnormal with a sentence, and a job after that waits for nothing`, async () => {
      const make = async () => importImage(engine.docker, IMAGE, await busyboxFiles(), ['ENV PATH=/bin'])
      const id = await make()
      let removals = 0
      await using proxy = await startEngineProxy(engine.socket, async (method, path) => {
        if (method !== 'POST' || removals > 0 || !isTheMoment(path)) return
        removals += 1
        // The server's own container that looked into it may be there, or on its way out.
        for (const { Id } of await engine.docker.listContainers({ all: true }))
          await engine.docker
            .getContainer(Id)
            .remove({ force: true })
            .catch(() => undefined)
        await until('the image is gone', async () => {
          await engine.docker
            .getImage(id)
            .remove({ force: true })
            .catch(() => undefined)
          return (await engine.docker.listImages()).every(({ Id }) => Id !== id)
        })
      })
      await using ropeway = await Ropeway.start({ backend: 'docker', env: { DOCKER_HOST: proxy.host } })
      const run = (name: string) =>
        ropeway.run(body(name, 'echo ran', { algorithm: { engine: { image_url: IMAGE } } }))
      const { job, events } = await run('goes')
      assert.equal(job.status.phase, 'Abnormal', events.join('\n'))
      assert.equal(removals, 1)
      assert.match(
        String(job.status.message),
        new RegExp(
          `The image "${IMAGE}" \\(${id}\\) was removed from the engine after the attempt began: .*[Nn]o such image`,
        ),
      )
      await make()
      const again = await run('comes-again')
      assert.equal(again.job.status.phase, 'Completed', again.events.join('\n'))
      assert.match(again.logs['worker-0'] ?? '', /ran/)
      await nothingLeftOn(engine.docker, ropeway)
    })
})
