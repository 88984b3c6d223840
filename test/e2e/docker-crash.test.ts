// kill -9 of a server whose tasks are containers, at every point of its loop.
import { after, before, describe, it } from 'node:test'
import { type DockerEngine, startDockerEngine } from '../engines/dockerd.ts'
import { busyboxFiles, importImage } from '../engines/images.ts'
import { crashAt, POINTS } from './crash-cases.ts'
import { nothingLeftOn } from './docker-left.ts'

const IMAGE = 'crash:latest'

describe('with tasks on dockerd, killed at', () => {
  let engine: DockerEngine
  before(async () => {
    engine = await startDockerEngine()
    await importImage(engine.docker, IMAGE, await busyboxFiles(), ['ENV PATH=/bin'])
  })
  after(() => engine[Symbol.asyncDispose]())

  for (const crash of POINTS)
    it(`${crash.point} (${crash.scenario}), the server comes back and the job ends as if nothing had been`, () =>
      crashAt(crash, {
        serve: { backend: 'docker', env: { DOCKER_HOST: engine.host } },
        image: IMAGE,
        nothingLeft: (ropeway) => nothingLeftOn(engine.docker, ropeway),
      }))
})
