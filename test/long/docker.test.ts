// The engine, the server and containers away for up to a minute, and millions of lines through three kills.
import { after, before, describe, it } from 'node:test'
import { engineAway, killedWhilePrinting, standsStill, startAwayEngine } from '../e2e/docker-away-cases.ts'
import type { DockerEngine } from '../engines/dockerd.ts'

describe('with tasks on dockerd', () => {
  let engine: DockerEngine
  before(async () => {
    engine = await startAwayEngine()
  })
  after(() => engine[Symbol.asyncDispose]())

  for (const awayMs of [20_000, 60_000])
    it(`an engine that is gone for ${awayMs / 1000} s ends no job and starts none twice, in any phase`, () =>
      engineAway(engine, awayMs))

  for (const who of ['server', 'container'] as const)
    it(`a ${who} that stands still for 30 s loses nothing`, () => standsStill(engine, who, 30_000))

  it('eight ranks print 200,000 lines each while the server is killed three times: every byte is there once', () =>
    killedWhilePrinting(engine, 200_000))
})
