// The launcher alone, in images of every kind and for every uid, with a driver of old and with a store of the user's own.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { PATH, scratch, TestProcess, tableText, testRuntime } from '../../container/launcher-fixture.ts'
import { type DockerEngine, startDockerEngine } from '../engines/dockerd.ts'
import { busyboxFiles, hostFrameFiles, type ImageFile, importImage } from '../engines/images.ts'
import { importPythonImage } from './docker-images.ts'
import { Ropeway } from './harness.ts'

const DRIVER = 'usr/local/Ascend/driver'
/** A driver from before C76: a log daemon of its own, and a clean-up for containers. */
const OLD_DRIVER: ImageFile[] = [
  ...[
    'usr/',
    'usr/local/',
    'usr/local/Ascend/',
    `${DRIVER}/`,
    `${DRIVER}/tools/`,
    `${DRIVER}/tools/docker/`,
  ].map((path) => ({ path })),
  { path: `${DRIVER}/version.info`, content: 'Version=20.1.0\nascendhal_version=4\n' },
  { path: `${DRIVER}/tools/docker/slogd`, content: '#!/bin/sh\necho up > /tmp/slogd\n', mode: 0o755 },
  { path: `${DRIVER}/tools/docker_stop_post_sys.sh`, content: 'echo gone > /out/after\n' },
]
const SHOW = 'echo rank $RANK_ID of $RANK_SIZE on $DEVICE_ID'
const KINDS = [
  { image: 'busybox:1', shell: '/bin/sh', more: [] },
  { image: 'debian:1', shell: '/usr/bin/bash', more: [] },
  { image: 'host:1', shell: '/bin/bash', more: ['-v', '/usr:/usr:ro'] },
] as const

describe('the launcher alone', () => {
  let engine: DockerEngine
  let runtime: string
  const place = scratch()
  const at = (name: string): string => join(place.dir, name)
  before(async () => {
    engine = await startDockerEngine()
    runtime = await testRuntime()
    await importImage(engine.docker, 'busybox:1', await busyboxFiles(), ['ENV PATH=/bin'])
    await importPythonImage(engine.docker, 'debian:1')
    await importImage(engine.docker, 'host:1', await hostFrameFiles())
    await importImage(
      engine.docker,
      'driver:1',
      [...(await busyboxFiles()), ...OLD_DRIVER],
      ['ENV PATH=/bin'],
    )
    for (const name of ['config', 'out']) mkdirSync(at(name))
    chmodSync(at('out'), 0o777)
    writeFileSync(at('config/jobstart_hccl.json'), tableText({ 'p-0': [4, 5], 'p-1': [4, 5] }))
  })
  after(async () => {
    place[Symbol.dispose]()
    await engine?.[Symbol.asyncDispose]()
  })

  const run = async (image: string, uid: string, more: readonly string[], command: readonly string[]) => {
    const words = ['run', '--rm', '--network', 'none', '--user', uid, '-e', 'MA_CURRENT_INSTANCE_NAME=p-1']
    const mounts = ['-v', `${runtime}:/opt/ropeway:ro`, '-v', `${at('config')}:/user/config:ro`]
    const argv = [...words, ...mounts, ...more, image, '/opt/ropeway/launcher', ...command]
    const env = { ...process.env, DOCKER_HOST: engine.host }
    const { stdout } = await promisify(execFile)('docker', argv, { env }).catch((error) => {
      throw new Error(`${error.message}\n${error.stdout}`)
    })
    const ranks = stdout.split('\n').filter((line) => line.startsWith('rank '))
    return { stdout, ranks: ranks.sort() }
  }

  for (const { image, shell, more } of KINDS)
    for (const uid of ['0', '1000', '1101'])
      it(`starts a rank per device in ${image} as uid ${uid}`, async () => {
        const table = ['-e', 'RANK_TABLE_FILE=/user/config', ...more]
        const { ranks } = await run(image, uid, table, ['ranks', '--', shell, '-c', SHOW])
        assert.deepEqual(ranks, ['rank 2 of 4 on 0', 'rank 3 of 4 on 1'])
      })

  it('names the driver, starts the log daemon of an old one, gives its device ids, and cleans up after it', async () => {
    const more = ['-e', 'RANK_TABLE_FILE=/user/config', '-v', `${at('out')}:/out`]
    const command = ['ranks', '--', 'sh', '-c', `${SHOW}; cat /tmp/slogd; [ -e /out/after ] || echo not yet`]
    const { stdout, ranks } = await run('driver:1', '1000', more, command)
    assert.deepEqual(ranks, ['rank 2 of 4 on 4', 'rank 3 of 4 on 5'])
    const words = [
      'Ascend Driver: Version=20.1.0',
      'Slogd startup',
      'Wait for Rank table',
      '\nup\n',
      '\nnot yet\n',
    ]
    for (const word of words) assert.ok(stdout.includes(word), `${word}: ${stdout}`)
    assert.equal(readFileSync(at('out/after'), 'utf8'), 'gone\n')
  })

  it('brings code from a store of the user, by the keys in the environment', async () => {
    await using ropeway = await Ropeway.start({ backend: 'fake' })
    const { object_endpoint: endpoint, access_key: key, secret_key: secret } = ropeway.credentials
    await ropeway.upload({ 'bucket/net/train.py': 'import os\nprint("rank", os.environ["RANK_ID"])\n' })
    const env = {
      ...{ PATH, HOME: at('home'), MA_JOB_DIR: at('jobs'), MA_MOUNT_PATH: at('mnt') },
      ...{ ROPEWAY_RUNTIME_DIR: runtime, RANK_TABLE_FILE: at('config'), MA_CURRENT_INSTANCE_NAME: 'p-0' },
      ...{
        S3_ENDPOINT: new URL(endpoint).host,
        S3_USE_HTTPS: '0',
        ROPEWAY_TASK_SOCKET: '/nowhere/task.sock',
      },
    }
    const words = ['bash', `${runtime}/run_train.sh`, 'obs://bucket/net/', 'net/train.py', at('log/l')]
    await using train = new TestProcess(words, {
      ...env,
      S3_ACCESS_KEY_ID: key,
      S3_SECRET_ACCESS_KEY: secret,
    })
    const { code, output } = await train.ended
    assert.equal(code, 0, output)
    assert.match(output, /^rank 0$/m)
    await using without = new TestProcess(words, env)
    const refused = await without.ended
    assert.equal(refused.code, 120)
    assert.match(
      refused.output,
      /no server is near .*; for a store of your own set S3_ENDPOINT, S3_ACCESS_KEY_ID/,
    )
  })
})
