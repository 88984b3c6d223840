// Scripts written for ma-cli's `ma-job`, with `ropeway` in its place, against a server.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ropeway as run } from '../cli/ropeway.ts'
import { Ropeway } from './harness.ts'

let server: Ropeway
let folder: string
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rw-ma-'))
  server = await Ropeway.start({ backend: 'fake', simulate: '2x4' })
  await server.upload({ 'your-bucket/code/main.py': 'print(1)\n', 'your-bucket/dataset/1.bin': 'one' })
})
after(async () => {
  await server[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

const ma = (...words: string[]) => run(['ma-job', ...words, '--data', server.dataDir])
const TRAIN = `
name: ma-yaml
image-url: team/train:1
code_dir: obs://your-bucket/code/
boot-file: main.py
data-url: obs://your-bucket/dataset/
train-instance-type: ropeway.cpu.1
output:
  - {name: train_url, obs_path: obs://your-bucket/output/}
parameters:
  - epoch: 10
env-variables: {MODE: fast}
`

describe('ma-job', () => {
  let id = ''

  it('submits a file and sees the job through; the line with the id is the familiar one', async () => {
    const file = join(folder, 'train.yaml')
    writeFileSync(file, TRAIN)
    const { code, stdout, stderr } = await ma('submit', file, '--name', 'ma-flag')
    assert.equal(code, 0, stderr)
    id = /^\[ OK \] Current training job id is: ([0-9a-f-]{36})$/m.exec(stdout)?.[1] ?? ''
    assert.match(stderr, /The job is completed/)
    const { metadata, algorithm } = await server.client.show(id)
    assert.equal(metadata.name, 'ma-flag', 'an option wins over the file')
    assert.equal(algorithm['boot_file'], 'obs://your-bucket/code/main.py')
    assert.deepEqual(algorithm['environments'], { MODE: 'fast' })
  })

  it('returns at once with -q; job create takes the same file', async () => {
    const file = join(folder, 'train.yaml')
    const { code, stdout } = await ma(
      'submit',
      '-q',
      file,
      '--output',
      'train_url=obs://your-bucket/output-2/',
    )
    assert.deepEqual([code, /^\[ OK \] /.test(stdout)], [0, true])
    const created = await run([
      'job',
      'create',
      '-f',
      file,
      '--name',
      'by-create',
      '--output',
      'train_url=obs://your-bucket/output-3/',
      '--data',
      server.dataDir,
    ])
    assert.equal(created.code, 0, created.stderr)
  })

  it('lists jobs by page and by name, and shows one', async () => {
    const page = await ma('get-job', '-pn', '1', '-ps', '2')
    assert.match(page.stdout, /^INDEX +JOB ID +JOB NAME +STATUS +CREATE TIME +DURATION +NODES\n/)
    assert.equal(page.stdout.trimEnd().split('\n').length, 3)
    assert.match((await ma('get-job', '-n', 'ma-f')).stdout, / ma-flag +Completed /)
    const shown = await ma('get-job', '-i', id, '-v')
    assert.match(shown.stdout, new RegExp(`^Name: +ma-flag\nId: +${id}\n`))
    assert.equal(
      (JSON.parse((await ma('get-job', '-i', id, '--json')).stdout) as { metadata: { id: string } }).metadata
        .id,
      id,
    )
  })

  it('prints logs, events, flavors, engines and pools', async () => {
    const annotations = { 'ropeway/fake': '{"tasks":{"*":{"runMs":0,"logs":["hello"]}}}' }
    const { job } = await server.run({
      metadata: { name: 'speaks', annotations },
      algorithm: { engine: { image_url: 'i' }, command: 'true' },
      spec: { resource: { flavor_id: 'ropeway.cpu.1' } },
    })
    assert.equal((await ma('get-log', '-i', job.metadata.id)).stdout, 'hello\n')
    assert.match((await ma('get-event', '--job-id', id)).stdout, /Training job "ma-flag" was created/)
    assert.match(
      (await ma('get-flavor', '-t', 'Ascend')).stdout,
      /^FLAVOR .*\nropeway\.ascend-910a\.1 +Ascend/,
    )
    assert.match((await ma('get-engine')).stdout, /^ENGINE NAME +ENGINE VERSION +ENGINE ID\n/)
    assert.match((await ma('get-pool')).stdout, /^POOL ID +STATUS +RESOURCES\ndefault +Running /)
  })

  it('stops and deletes, when somebody agrees', async () => {
    const annotations = { 'ropeway/fake': '{"tasks":{"*":{"runMs":null}}}' }
    const { metadata } = await server.client.create({
      metadata: { name: 'endless', annotations },
      algorithm: { engine: { image_url: 'i' }, command: 'true' },
      spec: { resource: { flavor_id: 'ropeway.cpu.1' } },
    })
    const asked = await ma('stop', '-i', metadata.id)
    assert.equal(asked.code, 1)
    assert.match(asked.stderr, /nobody agreed to stop it/)
    const stopped = await ma('stop', '-i', metadata.id, '-y')
    assert.equal(stopped.stdout, `[ OK ] Training job ${metadata.id} is being stopped\n`)
    await server.waitFor(metadata.id, 'it is stopped', ({ status }) => status.phase === 'Terminated')
    assert.equal((await ma('delete', '-y', '--job-id', metadata.id)).code, 0)
  })

  it('refuses what ma-cli does not know, with the nearest name', async () => {
    const flag = await ma('submit', '--train-instance-typ', 'x')
    assert.deepEqual([flag.code, /unknown option.*\n.*--train-instance-type/.test(flag.stderr)], [2, true])
    const file = join(folder, 'wrong.yaml')
    writeFileSync(file, 'image-url: x\ntrain-instance-typ: y\n')
    const key = await ma('submit', file)
    assert.equal(key.code, 2)
    assert.match(key.stderr, /unknown key "train-instance-typ"\n +Did you mean "train-instance-type"\?/)
    assert.match((await ma('get-job', '-P', 'other')).stderr, /--profile: got "other"; valid: DEFAULT/)
  })

  it('takes a file with the connection, and shows the stack of a failure when asked to', async () => {
    const config = join(server.dataDir, 'credentials.json')
    const listed = await run(['ma-job', 'get-flavor', '-C', config, '-P', 'DEFAULT'], {
      ROPEWAY_ENDPOINT: 'http://127.0.0.1:1',
    })
    assert.equal(listed.code, 0, listed.stderr)
    const failed = await run(['ma-job', 'get-job', '-D', '-i', 'none', '-C', config])
    assert.equal(failed.code, 1)
    assert.match(failed.stderr, /^ApiError: training_job_id: got "none".*\n +at /)
  })
})
