// The demo without a container engine. With one: test/long.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { assertLearned, runDemo } from './demo-cases.ts'

/** A socket that takes every connection and never says a word. */
async function silentEngine() {
  const dir = mkdtempSync(join(tmpdir(), 'rw-silent-'))
  const path = join(dir, 'docker.sock')
  const taken: Socket[] = []
  const server = createServer((socket) => void taken.push(socket)).listen(path)
  await once(server, 'listening')
  return {
    host: `unix://${path}`,
    asked: () => taken.length,
    [Symbol.asyncDispose]: async () => {
      for (const socket of taken) socket.destroy()
      server.close()
      await once(server, 'close')
      rmSync(dir, { recursive: true })
    },
  }
}

describe('make demo', () => {
  it('with BACKEND=host trains to a model on this machine and leaves nothing', async () => {
    assertLearned(await runDemo({ BACKEND: 'host' }), /^backend +host \(BACKEND=host\)$/m)
  })

  it('does not wait for an engine that hangs, and says so', async () => {
    await using engine = await silentEngine()
    const { code, errors } = await runDemo({ BACKEND: 'docker', DOCKER_HOST: engine.host })
    assert.equal(code, 1)
    assert.match(errors, /BACKEND=docker: no Docker engine answers; valid: host, or/)
    assert.ok(engine.asked() > 0)
  })
})
