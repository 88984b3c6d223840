// The engine, the server or a container away for moments while jobs are in every phase. Longer: test/long.
import { after, before, describe, it } from 'node:test'
import { type DockerEngine, startDockerEngine } from '../engines/dockerd.ts'
import { busyboxFiles, importImage } from '../engines/images.ts'
import {
  engineAway,
  killedWhilePrinting,
  PYTHON_IMAGE,
  SMALL_IMAGE,
  standsStill,
} from './docker-away-cases.ts'
import { importPythonImage } from './docker-images.ts'

describe('with tasks on dockerd', () => {
  let engine: DockerEngine
  before(async () => {
    engine = await startDockerEngine()
    await importImage(engine.docker, SMALL_IMAGE, await busyboxFiles(), ['ENV PATH=/bin'])
    await importPythonImage(engine.docker, PYTHON_IMAGE)
  })
  after(() => engine[Symbol.asyncDispose]())

  it('an engine killed and started again at once ends no job and starts none twice, in any phase', () =>
    engineAway(engine, 0))

  it('a server that stands still for two seconds misses nothing', () => standsStill(engine, 'server', 2_000))

  it('a container asleep for two seconds is running, and goes on', () =>
    standsStill(engine, 'container', 2_000))

  it('eight ranks print while the server is killed three times: every byte is there once', () =>
    killedWhilePrinting(engine, 20_000))
})
