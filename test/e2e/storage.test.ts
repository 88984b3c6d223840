// Buckets in an object store elsewhere: jobs read code and data there, write outputs and logs there, and never see a key.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { body, MAIN, Ropeway } from './harness.ts'

const PROGRAM = `
import os, shutil, moxing
print('key in sight:', any(os.environ.get(name) for name in ('AWS_ACCESS_KEY_ID', 'OBS_ACCESS_KEY_ID')))
print('read', moxing.file.read('obs://far-data/in/words.txt'))
moxing.file.copy_parallel('obs://far-data/in', '/cache/in')
moxing.file.copy('/cache/in/words.txt', 'obs://near-data/from-far.txt')
print('listed', sorted(moxing.file.list_directory('obs://far-data/in')))
`

describe('a store elsewhere', () => {
  let far: Ropeway
  let ropeway: Ropeway
  const cli = async (args: readonly string[], input = '', env: Record<string, string> = {}) => {
    const child = spawn(process.execPath, [MAIN, ...args, '--data', ropeway.dataDir], {
      env: { ...process.env, ...env },
    })
    let text = ''
    child.stdout.on('data', (chunk) => (text += chunk))
    child.stderr.on('data', (chunk) => (text += chunk))
    child.stdin.end(input)
    const [code] = await once(child, 'close')
    return { code, text }
  }
  const add = (name: string, bucket: string, secret: string, url = far.credentials.object_endpoint) =>
    cli(
      [
        'storage',
        'add',
        name,
        url,
        '--bucket',
        bucket,
        '--key',
        far.credentials.access_key,
        '--secret-stdin',
      ],
      secret,
    )

  before(async () => {
    far = await Ropeway.start({ backend: 'fake' })
    ropeway = await Ropeway.start()
    await far.objects.createBucket('far-data')
    await far.objects.put('far-data', 'in/words.txt', Buffer.from('words from afar'))
    await far.objects.put('far-data', 'code/train.py', Buffer.from(PROGRAM))
    await ropeway.objects.createBucket('near-data')
  })
  after(async () => {
    await ropeway[Symbol.asyncDispose]()
    await far[Symbol.asyncDispose]()
  })

  test('without a connection the bucket is not there', async () => {
    const { code, text } = await cli(['obs', 'ls', 'obs://far-data/'])
    assert.equal(code, 1)
    assert.match(text, /NoSuchBucket/)
  })

  test('a wrong secret key is said by "storage test"', async () => {
    assert.equal((await add('far', 'far-data', 'wrong')).code, 0)
    const tested = await cli(['storage', 'test', 'far'])
    assert.equal(tested.code, 1)
    assert.match(
      tested.text,
      /obs:\/\/far-data: .*does not accept the storage connection far or its secret key/,
    )
  })

  test('with the right one it is listed, read and written like any bucket', async () => {
    const added = await add('far', 'far-data', far.credentials.secret_key)
    assert.match(added.text, /obs:\/\/far-data is at http:\S+ from now on/)
    const tested = await cli(['storage', 'test', 'far'])
    assert.deepEqual([tested.code, tested.text], [0, 'obs://far-data: can be listed\nSpoken: v4\n'])
    assert.match((await cli(['storage', 'list'])).text, /^NAME +ENDPOINT +BUCKETS.*\nfar +http\S+ +far-data /)
    assert.match((await cli(['obs', 'ls'])).text, /obs:\/\/far-data\n/)
    assert.equal((await cli(['obs', 'cat', 'obs://far-data/in/words.txt'])).text, 'words from afar')
  })

  test('a job has code, inputs, moxing, outputs and logs there', async () => {
    const { job, logs } = await ropeway.run(
      body('from-afar', '', {
        algorithm: {
          command: '',
          code_dir: 'obs://far-data/code/',
          boot_file: 'obs://far-data/code/train.py',
          inputs: [{ name: 'data_url', remote: { obs: { obs_url: 'obs://far-data/in/' } } }],
          outputs: [{ name: 'train_url', remote: { obs: { obs_url: 'obs://far-data/out/' } } }],
        },
        spec: { log_export_path: { obs_url: 'obs://far-data/logs/' } },
      }),
    )
    const log = Object.values(logs).join('')
    assert.equal(job.status.phase, 'Completed', log)
    assert.match(log, /key in sight: False/)
    assert.match(log, /read words from afar/)
    assert.match(log, /listed \['words.txt'\]/)
    const keys: string[] = []
    for await (const entry of far.objects.list('far-data')) if (entry.kind === 'object') keys.push(entry.key)
    assert.ok(keys.includes('out/.ropeway-complete.json'), keys.join())
    assert.ok(
      keys.some((key) => key.startsWith('logs/')),
      keys.join(),
    )
    const { text } = await cli(['obs', 'cat', 'obs://near-data/from-far.txt'])
    assert.equal(text, 'words from afar')
  })

  test('a bucket is in one place only', async () => {
    const taken = await add('second', 'far-data', 'x')
    assert.equal(taken.code, 1)
    assert.match(taken.text, /far-data is in the connection far already/)
    const here = await add('second', 'near-data', 'x')
    assert.match(here.text, /near-data is a bucket of this server/)
  })

  test('a store that is away is told at create, with its address and the reason', async () => {
    assert.equal((await add('away', 'away-data', 'x', 'http://127.0.0.1:9')).code, 0)
    await assert.rejects(
      ropeway.client.create(
        body('away', 'true', { algorithm: { code_dir: 'obs://away-data/code/', command: 'true' } }),
      ),
      { errorCode: /ModelArts\.\d+/, message: /cannot be reached.*127\.0\.0\.1:9/ },
    )
    assert.equal((await cli(['storage', 'rm', 'away'])).code, 0)
    assert.equal((await cli(['storage', 'rm', 'away'])).code, 1)
  })

  test('the secret is in no answer, no log and no file of the server in the clear', async () => {
    const { secret_key: secret } = far.credentials
    const list = await ropeway.client.call('listStorageConnections', {})
    assert.ok(!JSON.stringify(list).includes(secret))
    assert.ok(!ropeway.serverLog.includes(secret))
    for (const entry of readdirSync(ropeway.dataDir, { recursive: true, withFileTypes: true }))
      if (entry.isFile())
        assert.ok(!readFileSync(join(entry.parentPath, entry.name)).includes(secret), entry.name)
  })
})
