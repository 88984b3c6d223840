// `ropeway image check` against a real server on a real engine, and against one without.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type ImageFinding, imageCheck } from '../../src/api/image-check.ts'
import { ropeway as cli, type Ended } from '../cli/ropeway.ts'
import { type DockerEngine, startDockerEngine } from '../engines/dockerd.ts'
import { busyboxFiles, importImage } from '../engines/images.ts'
import { Ropeway } from './harness.ts'

const check = (server: Ropeway, ...args: readonly string[]): Promise<Ended> =>
  cli(['image', 'check', ...args], { ROPEWAY_DATA: server.dataDir })

describe('ropeway image check on docker', () => {
  let engine: DockerEngine
  let server: Ropeway
  before(async () => {
    engine = await startDockerEngine()
    await importImage(engine.docker, 'tiny:1', await busyboxFiles(), ['USER 4242', 'ENTRYPOINT ["/entry"]'])
    await importImage(engine.docker, 'suid:1', [
      ...(await busyboxFiles()),
      { path: 'bin/bash', link: 'busybox' },
      { path: 'bin/su', content: 'x', mode: 0o4755 },
    ])
    // The first bytes of a program for another machine.
    const head = Buffer.concat([
      Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]),
      Buffer.alloc(12),
      Buffer.from([183, 0]),
    ])
    await importImage(engine.docker, 'arm:1', [{ path: 'bin/sh', content: head, mode: 0o755 }])
    server = await Ropeway.start({ backend: 'docker', simulate: '1x1', env: { DOCKER_HOST: engine.host } })
  })
  after(async () => {
    await server?.[Symbol.asyncDispose]()
    await engine?.[Symbol.asyncDispose]()
  })

  it('says what is wrong by place and exits 0 when it runs here', async () => {
    const { code, stdout, stderr } = await check(server, 'tiny:1')
    assert.deepEqual([code, stderr], [0, ''])
    assert.match(stdout, /^image: +tiny:1$/m)
    assert.match(stdout, /^Here: 0 errors, \d warnings$/m)
    assert.match(stdout, /^ {2}warning +entrypoint +ENTRYPOINT \(\/entry\) is not run/m)
    assert.match(stdout, /^ {2}ok +shell +\/bin\/sh/m)
    assert.match(stdout, /^ModelArts, generation 1 [^:]*: 1 error,/m)
    assert.match(stdout, /^ {2}error +shell +No \/bin\/bash/m)
    assert.equal(stdout.includes('\x1b'), false)
  })

  it('shows one generation when asked, and exits 1 for its errors', async () => {
    const { code, stdout } = await check(server, 'suid:1', '--generation', '1')
    assert.equal(code, 1)
    assert.match(stdout, /error +setuid +1 set-uid or set-gid files of root: \/bin\/su;/)
    assert.equal(stdout.includes('generation 2'), false)
    assert.equal((await check(server, 'suid:1', '--generation', '2')).code, 0)
    const wrong = await check(server, 'suid:1', '--generation', '3')
    assert.equal(wrong.code, 2)
    assert.match(wrong.stderr, /choices are 1, 2/)
  })

  it('exits 1 when the image will not run here', async () => {
    const { code, stdout } = await check(server, 'arm:1')
    assert.equal(code, 1)
    assert.match(stdout, /error +architecture +The image says amd64, but \/bin\/sh is a program for\s+arm64/)
  })

  it('gives one document with --json', async () => {
    const { code, stdout } = await check(server, 'tiny:1', '--json')
    assert.equal(code, 0)
    const document = imageCheck.parse({ state: 'done', ...JSON.parse(stdout) })
    assert.ok(document.state === 'done')
    assert.equal(document.summary.user, '4242')
    assert.ok(
      document.findings.some(({ rule, level }: ImageFinding) => rule === 'user' && level === 'warning'),
    )
  })

  it('says in a sentence that there is no such image, and that a name cannot be one', async () => {
    const missing = await check(server, '127.0.0.1:9/no/such:1')
    assert.equal(missing.code, 1)
    assert.match(missing.stderr, /127\.0\.0\.1:9/)
    const wrong = await check(server, 'Not A Name')
    assert.equal(wrong.code, 1)
    assert.match(wrong.stderr, /ropeway: image: got "Not A Name"/)
    const host = await check(server, 'host')
    assert.match(host.stderr, /no container image/)
  })

  it('leaves nothing on the engine, also what a killed server left is gone after the next start', async () => {
    const { serve_id: id } = JSON.parse(readFileSync(join(server.dataDir, 'instance.json'), 'utf8'))
    await server.kill()
    await engine.docker.createContainer({
      Image: 'tiny:1',
      Entrypoint: ['/never'],
      Labels: {
        'ropeway.instance': id.replaceAll('-', '').slice(0, 12),
        'ropeway.purpose': 'image-check',
      },
    })
    await server.start()
    assert.deepEqual(await engine.docker.listContainers({ all: true }), [])
  })
})

describe('ropeway image check on host', () => {
  it('says that there are no images, and what to start instead', async () => {
    await using server = await Ropeway.start({ backend: 'host', simulate: '1x1' })
    const { code, stderr } = await check(server, 'train:1')
    assert.equal(code, 1)
    assert.match(stderr, /no container engine; valid: --backend docker/)
  })
})
