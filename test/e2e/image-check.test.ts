// Looks into real images through real engines: what is seen, and that nothing is left behind.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type Docker from 'dockerode'
import { AppError } from '../../src/api/error.ts'
import { connectEngine } from '../../src/backend/docker/engine.ts'
import { ImagePuller } from '../../src/backend/docker/image.ts'
import { DockerImageInspector } from '../../src/backend/docker/inspect-image.ts'
import type { ImageProgress } from '../../src/job/ports.ts'
import { startDockerEngine } from '../engines/dockerd.ts'
import { busyboxFiles, type ImageFile, importImage } from '../engines/images.ts'
import { startPodmanEngine } from '../engines/podman.ts'

type EngineUnderTest = AsyncDisposable & { readonly docker: Docker; readonly socket: string }

const ENGINES: readonly (readonly [name: string, start: () => Promise<EngineUnderTest>])[] = [
  ['dockerd', () => startDockerEngine()],
  ['Podman', () => startPodmanEngine()],
]
const INSTANCE = 'abcdefabcdef'
const SIGNAL = AbortSignal.timeout(120_000)

const FULL: readonly ImageFile[] = [
  { path: 'etc/passwd', content: 'root:x:0:0::/root:/bin/sh\nma-user:x:1000:100::/home/ma-user:/bin/sh\n' },
  { path: 'home/' },
  { path: 'home/work/', uid: 1101, gid: 1101 },
  { path: 'home/work/run_train.sh', content: '#!/bin/bash\necho own\n', mode: 0o755, uid: 1101, gid: 1101 },
  { path: 'home/ma-user/', mode: 0o750, uid: 1000, gid: 100 },
  { path: 'home/ma-user/closed', content: 'x', mode: 0o600 },
  { path: 'usr/local/bin/su', content: 'x', mode: 0o4755 },
  { path: 'loop/a', link: 'b' },
  { path: 'loop/b', link: '../loop/a' },
  { path: 'bin/bash', link: '/loop/a' },
  {
    path: 'usr/local/Ascend/ascend-toolkit/8.0.RC1/x86_64-linux/ascend_toolkit_install.info',
    content: 'version=8.0.RC1\narch=x86_64\n',
  },
  { path: 'usr/local/Ascend/driver/version.info', content: 'Version=20.1.0\n' },
]

for (const [name, start] of ENGINES)
  describe(`an image of ${name}`, () => {
    let engine: EngineUnderTest
    let inspector: DockerImageInspector
    const containers = async (): Promise<number> => (await engine.docker.listContainers({ all: true })).length

    before(async () => {
      engine = await start()
      await importImage(engine.docker, 'tiny:latest', await busyboxFiles())
      await importImage(
        engine.docker,
        'full:latest',
        [...(await busyboxFiles()).filter(({ path }) => path !== 'etc/passwd'), ...FULL],
        ['USER ma-user', 'ENTRYPOINT ["/entry", "-x"]', 'ENV PATH=/opt/none:/bin', 'WORKDIR /app'],
      )
      const connected = await connectEngine(engine.socket)
      const puller = new ImagePuller(engine.docker)
      inspector = new DockerImageInspector({
        engine: connected,
        instanceId: INSTANCE,
        machine: 'amd64',
        pullPolicy: 'never',
        ensure: (request, tell, signal) => puller.ensure(request, tell, signal),
        credentials: async () => null,
      })
    })
    after(async () => {
      await inspector?.[Symbol.asyncDispose]()
      await engine?.[Symbol.asyncDispose]()
    })

    it('with nothing but busybox has a shell, no libc and no Python', async () => {
      const told: ImageProgress[] = []
      const { config, files, id } = await inspector.inspect('p', 'tiny:latest', SIGNAL, (one) =>
        told.push(one),
      )
      assert.match(id, /^sha256:[0-9a-f]{64}$/)
      assert.deepEqual([files.sh?.target, files.sh?.machine], ['/bin/busybox', 'amd64'])
      assert.deepEqual([files.bash, files.pythons, files.libc], [null, [], []])
      assert.deepEqual([config.architecture, config.os, config.layers], ['amd64', 'linux', 1])
      assert.ok(config.sizeBytes > 1_000_000 && files.bytes > 1_000_000)
      assert.equal(files.tmp?.mode, 0o1777)
      assert.equal(told.at(-1)?.step, 'read')
      assert.ok((told.at(-1)?.bytes ?? 0) > 1_000_000)
      assert.equal(await containers(), 0)
    })

    it('with users, links in a circle, set-uid files and CANN shows all of it', async () => {
      const { config, files } = await inspector.inspect('p', 'full:latest', SIGNAL)
      assert.deepEqual(
        [config.user, config.entrypoint, config.workingDir],
        ['ma-user', ['/entry', '-x'], '/app'],
      )
      assert.deepEqual([files.homeWork?.uid, files.homeMaUser?.uid, files.homeMaUser?.gid], [1101, 1000, 100])
      assert.deepEqual(files.unreadable.maUser, { count: 1, first: ['/home/ma-user/closed'] })
      assert.equal(files.runTrain?.hasCarriageReturns, false)
      assert.equal(files.bash, null)
      assert.ok(files.setuidRoot.first.some(({ path }) => path === '/usr/local/bin/su'))
      assert.deepEqual(
        files.cann.map(({ component, version, machine }) => [component, version, machine]),
        [['ascend-toolkit', '8.0.RC1', 'amd64']],
      )
      assert.deepEqual(files.ascendDriver, { files: 1, version: '20.1.0' })
      assert.ok(files.accounts.some(({ name }) => name === 'ma-user'))
      assert.equal(await containers(), 0)
    })

    it('that is read already is answered without another container', async () => {
      const told: ImageProgress[] = []
      await inspector.inspect('p', 'full:latest', SIGNAL, (one) => told.push(one))
      assert.deepEqual(told, [])
    })

    it('that is not there is refused in the words of a pull', async () => {
      await assert.rejects(
        inspector.inspect('p', 'missing:latest', SIGNAL),
        (error: unknown) => error instanceof AppError && error.code === 'ImageNotFound',
      )
    })

    it('leaves no container when its check is cancelled', async () => {
      await importImage(engine.docker, 'other:latest', [
        ...(await busyboxFiles()),
        { path: 'big', content: Buffer.alloc(32 << 20, 1) },
      ])
      const stop = new AbortController()
      const onProgress = ({ step }: ImageProgress): void => {
        if (step === 'read') setImmediate(() => stop.abort(new Error('enough')))
      }
      await assert.rejects(inspector.inspect('p', 'other:latest', stop.signal, onProgress), /enough/)
      assert.equal(await containers(), 0)
    })

    it('leaves what a killed server made to the next one, which takes only its own', async () => {
      const make = (instance: string) =>
        engine.docker.createContainer({
          Image: 'tiny:latest',
          Entrypoint: ['/never'],
          Labels: { 'ropeway.instance': instance, 'ropeway.purpose': 'image-check' },
        })
      await make(INSTANCE)
      const other = await make('fedcbafedcba')
      await inspector.sweep(SIGNAL)
      const left = await engine.docker.listContainers({ all: true })
      assert.deepEqual(
        left.map(({ Id }) => Id),
        [other.id],
      )
      await other.remove({ force: true })
    })
  })
