// Huawei Cloud's SDK for Go, which reads answers into exact types: create, show, search, stop, delete, and a refusal.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ROOT, Ropeway } from '../e2e/harness.ts'

const go = spawnSync('go', ['version'], { encoding: 'utf8' })
const isThere = go.status === 0 && !/go1\.(\d|1\d|20)(\.| )/.test(go.stdout)

test('a program that uses the Go SDK', {
  skip: isThere ? false : 'needs Go 1.21 or newer',
}, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'rw-go-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  const program = join(folder, 'program')
  const source = join(ROOT, 'test/sdk/go')
  const built = spawnSync('go', ['build', '-o', program, '.'], { cwd: source, encoding: 'utf8' })
  assert.equal(built.status, 0, built.stderr)
  await using ropeway = await Ropeway.start({ backend: 'fake', simulate: '2x4' })
  const { endpoint, access_key, secret_key, project_id } = ropeway.credentials
  const env = { ENDPOINT: endpoint, AK: access_key, SK: secret_key, PROJECT: project_id, HOME: folder }
  const ran = spawnSync(program, [], { encoding: 'utf8', timeout: 60_000, env })
  assert.equal(ran.status, 0, ran.stderr)
  const said = JSON.parse(ran.stdout)
  assert.equal(said.flavors > 0, true)
  assert.deepEqual([said.created.metadata.name, said.created.status.phase], ['from-go', 'Creating'])
  assert.equal(said.created.spec.resource.flavor_id, 'ropeway.cpu.1')
  assert.deepEqual([said.running.status.phase, said.found, said.stopped], ['Running', 1, 'Terminating'])
  assert.deepEqual(
    [said.refused.StatusCode ?? said.refused.status_code, said.refused.ErrorCode ?? said.refused.error_code],
    [400, 'ModelArts.2775'],
  )
})
