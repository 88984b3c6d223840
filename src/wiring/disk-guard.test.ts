import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { engineDataRoot, measureDisks } from './disk-guard.ts'

test('a disk says how much is free of how much, and a place that is not there is left out', async () => {
  const places = [
    { name: 'data folder', path: tmpdir() },
    { name: 'folder for /cache', path: '/not/mounted' },
  ]
  const [state, ...more] = await measureDisks(places)
  assert.equal(more.length, 0)
  assert.ok(state && state.freeBytes > 0 && state.freeBytes < state.totalBytes)
})

test("the container engine's data root is what the engine says, and nothing when it does not answer", async () => {
  const dir = mkdtempSync(join(tmpdir(), 'rw-'))
  const socket = join(dir, 's')
  const answers = ['{"DockerRootDir":"/var/lib/docker"}', '{"DockerRootDir":7}', 'no json', '']
  const server = createServer((request, response) => {
    assert.equal(request.url, '/info')
    const answer = answers.shift()
    if (answer) response.end(answer)
    else response.destroy()
  })
  try {
    assert.equal(await engineDataRoot(socket), null)
    await new Promise<void>((resolve) => server.listen(socket, resolve))
    assert.equal(await engineDataRoot(socket), '/var/lib/docker')
    for (let left = 3; left > 0; left--) assert.equal(await engineDataRoot(socket), null)
  } finally {
    server.close()
    server.closeAllConnections()
    rmSync(dir, { recursive: true, force: true })
  }
})
