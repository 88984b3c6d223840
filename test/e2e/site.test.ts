// What the administrator's file allows and what it refuses, on the host backend.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { body, MAIN, Ropeway } from './harness.ts'

describe("an administrator's file", () => {
  let dir: string
  let ropeway: Ropeway
  const volume = (name: string, local_path: string, more = {}) => ({
    host_path: { src_path: join(dir, name), local_path, ...more },
  })
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'rws-'))
    for (const name of ['sets', 'team', 'cache', 'secret']) await mkdir(join(dir, name), { mode: 0o777 })
    spawnSync('chmod', ['777', join(dir, 'team')])
    writeFileSync(join(dir, 'sets/a.txt'), 'one\n')
    ropeway = await Ropeway.start({
      site: `
volumes:
  - host_path: ${dir}/sets
  - host_path: ${dir}/team
    read_only: false
cache_dir: ${dir}/cache
`,
    })
  })
  after(async () => {
    await ropeway[Symbol.asyncDispose]()
    rmSync(dir, { recursive: true })
  })

  test('a task reads one folder, writes another, and its /cache lies on the chosen disk and is wiped', async () => {
    const command =
      'sh -c "cat /data/sets/a.txt; echo two >/data/team/b.txt; (echo x >/data/sets/c) 2>/dev/null || echo refused; echo z >/cache/z; readlink -f /cache; cat /cache/z"'
    const volumes = [volume('sets', '/data/sets'), volume('team', '/data/team')]
    const job = await ropeway.client.create(body('volumes', command, { spec: { volumes } }))
    const { job: done, logs } = await ropeway.follow(job.metadata.id)
    assert.equal(done.status.phase, 'Completed', logs['worker-0'])
    assert.match(logs['worker-0'] ?? '', /^one$[\s\S]*^refused$[\s\S]*^z$/m)
    assert.equal(readFileSync(join(dir, 'team/b.txt'), 'utf8'), 'two\n')
    assert.equal(existsSync(join(dir, 'sets/c')), false)
    await ropeway.client.delete(job.metadata.id)
    await assert.rejects(async () => {
      for (let since = 0; ; ) since = (await ropeway.client.streamEvents(job.metadata.id, since, 1)).next
    })
    assert.deepEqual(readdirSync(join(dir, 'cache')), [])
  })

  test('the plan of a dry run shows what would be mounted', async () => {
    const { plan } = await ropeway.client.dryRun(
      body('dry', 'true', { spec: { volumes: [volume('sets', '/data/sets')] } }),
    )
    assert.ok(JSON.stringify(plan).includes(`"--ro-bind","${dir}/sets","/data/sets"`))
  })

  test('a folder outside the list, one that jobs could replace, and a link that leads out of it, are refused', async () => {
    await assert.rejects(
      ropeway.client.create(body('outside', 'true', { spec: { volumes: [volume('secret', '/data/x')] } })),
      /spec\.volumes\[0\]\.host_path: got ".*\/secret"; valid: below .*\/sets, .*\/team/,
    )
    await assert.rejects(
      ropeway.client.create(body('below', 'true', { spec: { volumes: [volume('team/a', '/data/x')] } })),
      /got ".*\/team\/a"; valid: .*\/team as a whole: jobs may write it/,
    )
    symlinkSync(join(dir, 'secret'), join(dir, 'sets/link'))
    const { job } = await ropeway.run(
      body('link', 'true', { spec: { volumes: [volume('sets/link', '/data/x')] } }),
    )
    assert.equal(job.status.phase, 'Abnormal')
    assert.match(String(job.status.message), /sets\/link", which leads through a symbolic link/)
  })

  test('root is refused, and a misspelt switch is not ignored', async () => {
    const engine = { image_url: 'host', run_user: '0' }
    await assert.rejects(
      ropeway.client.create(body('root', 'true', { algorithm: { engine } })),
      /run_user: got "0"; valid: a uid from 1/,
    )
    await assert.rejects(
      ropeway.client.create(body('typo', 'true', { annotations: { 'ropeway/shm-sise': '1Gi' } })),
      /did you mean "ropeway\/shm-size"/,
    )
  })

  test('a file with a mistake keeps the server from starting, and says where it is', () => {
    const file = join(dir, 'bad.yaml')
    writeFileSync(file, 'allow:\n  roots: true\n')
    const { status, stderr } = spawnSync(
      process.execPath,
      [MAIN, 'serve', '--data', join(dir, 'x'), '--site', file],
      {
        encoding: 'utf8',
      },
    )
    assert.equal(status, 2)
    assert.match(stderr, /bad\.yaml:2: allow\.roots is unknown; did you mean "root"\?/)
  })
})
