// The engine, the server or a container away for moments while jobs are in every phase. Longer: test/long.
import { after, before, describe, it } from 'node:test'
import type { DockerEngine } from '../engines/dockerd.ts'
import {
  cutOff,
  endsWhileEngineHangs,
  engineAway,
  killedWhilePrinting,
  restartedWithoutLiveRestore,
  serverComesFirst,
  standsStill,
  startAwayEngine,
} from './docker-away-cases.ts'

describe('with tasks on dockerd', () => {
  let engine: DockerEngine
  before(async () => {
    engine = await startAwayEngine()
  })
  after(() => engine[Symbol.asyncDispose]())

  it('an engine killed and started again at once ends no job and starts none twice, in any phase', () =>
    engineAway(engine, 0))

  it('a server that stands still for two seconds misses nothing', () => standsStill(engine, 'server', 2_000))

  it('a task whose way to its server is cut for two seconds, while both live, misses nothing', () =>
    cutOff(engine, 2_000))

  it('a container asleep for two seconds is running, and goes on', () =>
    standsStill(engine, 'container', 2_000))

  it('a server that comes up before the engine of its jobs waits for it, and can be ended meanwhile', () =>
    serverComesFirst(engine))

  for (const [what, request] of [
    ['makes a container', /POST .*\/containers\/create\?/],
    ['starts a container', /POST .*\/start/],
    ['ends a container', /POST .*\/kill/],
  ] as const)
    it(`a server that is told to end does so while the engine hangs as it ${what}, and the next one goes on`, () =>
      endsWhileEngineHangs(engine, request))

  it('eight ranks print while the server is killed three times: every byte is there once', () =>
    killedWhilePrinting(engine, 20_000))
})

it('an engine restarted without live-restore loses its tasks: Abnormal with the cause, and another attempt where allowed', () =>
  restartedWithoutLiveRestore())
