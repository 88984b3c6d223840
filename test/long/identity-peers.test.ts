// Clients that we did not write, asking who they are: Huawei Cloud's SDKs for IAM and ModelArts, keystoneauth, boto3.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { after, before, test } from 'node:test'
import { ROOT, Ropeway } from '../e2e/harness.ts'

const PEERS = join(ROOT, 'test/peers')
let dir = ''
before(() => {
  dir = mkdtempSync(join(tmpdir(), 'rw-peers-'))
})
after(() => rmSync(dir, { recursive: true, force: true }))

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, HOME: dir, PYTHONWARNINGS: 'ignore' },
  })
  assert.equal(status, 0, stderr)
  return stdout
}

test('the SDKs of Huawei Cloud, keystoneauth and boto3 log in, find their project and work with temporary keys', async () => {
  const venv = join(dir, 'venv')
  run('/usr/bin/python3', ['-m', 'venv', venv])
  const pip = ['-m', 'pip', 'install', '-q', '-r', join(PEERS, 'requirements.txt')]
  run(join(venv, 'bin/python'), pip)
  await using server = await Ropeway.start({ backend: 'fake' })
  const { endpoint, project_id: project } = server.credentials
  const password = 'correct horse'
  await server.client.identity.addUser({ name: 'ann', password, project: 'default' })
  writeFileSync(join(dir, 'settings.json'), JSON.stringify({ ...server.credentials, password }))
  const found = JSON.parse(
    run(join(venv, 'bin/python'), [join(PEERS, 'identity.py'), join(dir, 'settings.json')]),
  )
  assert.deepEqual(found, {
    found: { jobs: 0, project },
    signatures: { derived: 0, sm3: 0 },
    iam: { project, checked: 'ann', regions: ['cn-north-4'], states: 'inactive', projects: [project] },
    temporary: { jobs: 0, refused: [401, 'APIG.0301'], link: 'hello', without: 'InvalidAccessKeyId' },
    openstack: {
      ...{ endpoint: `${endpoint}/v2/${project}`, flavors: found.openstack.flavors, again: 200 },
      refused: [
        'auth.identity: name or password is wrong, or the user is disabled (HTTP 401)',
        'auth.scope.project: got "nothing"; valid: default (HTTP 401)',
      ],
    },
  })
  assert.ok(found.openstack.flavors > 0)
})
