// Images as people have them: of another C library, without a shell, with a root that nobody may write, with tools and
// packages of their own, and every uid the document speaks of.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type DockerEngine, startDockerEngine } from '../engines/dockerd.ts'
import { busyboxFiles, type ImageFile, importImage } from '../engines/images.ts'
import { importPythonImage } from './docker-images.ts'
import { nothingLeftOn } from './docker-left.ts'
import { body, type Finished, Ropeway } from './harness.ts'

const whole = ({ job, events, logs }: Finished): string => JSON.stringify([job.status, events, logs], null, 1)

const MACHINE = execFileSync('uname', ['-m'], { encoding: 'utf8' }).trim()
const MUSL_LOADER = `/lib/ld-musl-${MACHINE}.so.1`
const PROGRAM = `
int printf(const char *, ...);
char *getenv(const char *);
int main(int count, char **words) {
  char *path = getenv("LD_LIBRARY_PATH");
  printf("of musl: %s, %s\\n", words[1], path ? path : "no path of ours");
  return 3;
}
`

/** One program, linked with musl as on Alpine, and musl: no shell, no other file. */
function muslFiles(): ImageFile[] {
  const dir = mkdtempSync(join(tmpdir(), 'rw-musl-'))
  try {
    writeFileSync(join(dir, 'hello.c'), PROGRAM)
    const lib = `/usr/lib/${MACHINE}-linux-musl`
    const parts = ['crt1.o', 'crti.o', 'crtn.o'].map((name) => join(lib, name))
    const libc = `/lib/${MACHINE}-linux-musl/libc.so`
    execFileSync(
      'tcc',
      ['-nostdlib', '-nostdinc', '-o', join(dir, 'hello'), ...parts, join(dir, 'hello.c'), libc],
      { env: { LD_SO: MUSL_LOADER }, stdio: ['ignore', 'ignore', 'inherit'] },
    )
    return [
      { path: MUSL_LOADER.slice(1), content: readFileSync(libc), mode: 0o755 },
      { path: 'hello', content: readFileSync(join(dir, 'hello')), mode: 0o755 },
    ]
  } finally {
    rmSync(dir, { recursive: true })
  }
}

/** Everything belongs to root and nobody may write anywhere, not even root by its mode; there is no /tmp and no /home. */
async function closedFiles(): Promise<ImageFile[]> {
  const files = (await busyboxFiles()).filter(({ path }) => path !== 'tmp/')
  return [
    { path: './', mode: 0o555 },
    ...files.map((file) => (file.path.endsWith('/') ? { ...file, mode: 0o555 } : file)),
  ]
}

describe('an image', () => {
  let engine: DockerEngine
  let ropeway: Ropeway
  before(async () => {
    engine = await startDockerEngine()
    const { docker } = engine
    await importImage(docker, 'musl:latest', muslFiles())
    await importImage(docker, 'closed:latest', await closedFiles(), ['ENV PATH=/bin'])
    const own = '/opt/packages/moxing/__init__.py'
    await importPythonImage(docker, 'own:latest', {
      more: [
        { path: own.slice(1), content: 'WHOSE = "the image\'s"\n' },
        {
          path: 'home/work/run_train.sh',
          content: '#!/bin/bash\necho "the script of the image: $#"\n',
          mode: 0o755,
        },
      ],
      changes: ['ENV PYTHONPATH=/opt/packages'],
    })
    ropeway = await Ropeway.start({
      backend: 'docker',
      simulate: '1x2',
      env: { DOCKER_HOST: engine.host },
      site: 'allow: { root: true }\n',
    })
  })
  after(async () => {
    await ropeway?.[Symbol.asyncDispose]()
    await engine?.[Symbol.asyncDispose]()
  })

  const run = (
    name: string,
    image: string,
    command: string,
    more: { runUser?: string; annotations?: Record<string, string> } = {},
  ): Promise<Finished> =>
    ropeway.run(
      body(name, command, {
        annotations: more.annotations ?? {},
        algorithm: {
          engine: { image_url: image, ...(more.runUser === undefined ? {} : { run_user: more.runUser }) },
        },
      }),
    )
  const log = (finished: Finished): string => finished.logs['worker-0'] ?? ''

  it('of musl without a shell runs its program, which gets no library of ours', async () => {
    const ended = await run('musl', 'musl:latest', '/hello there')
    assert.deepEqual([ended.job.status.phase, ended.job.status.exit_code], ['Failed', 3], whole(ended))
    assert.match(log(ended), /of musl: there, no path of ours/)
  })

  it('without a shell says so when the command needs one', async () => {
    const ended = await run('needs-shell', 'musl:latest', '/hello there && echo more')
    assert.equal(ended.job.status.phase, 'Failed', whole(ended))
    assert.match(whole(ended), /\/bin\/sh/)
  })

  it('of glibc runs its own: nothing of our runtime is mapped into its programs', async () => {
    const ended = await run(
      'glibc',
      'own:latest',
      `python3 -c "maps = open('/proc/self/maps').read(); print('libc', 'libc.so' in maps, 'ours', '/opt/ropeway' in maps)"`,
    )
    assert.match(log(ended), /libc True ours False/, whole(ended))
  })

  it('whose whole root is closed has the folders a task writes to', async () => {
    const ended = await run(
      'closed',
      'closed:latest',
      'for dir in /tmp /cache /home/work /home/ma-user /tmp/log; do echo x > $dir/written && echo wrote $dir; done; echo x > /bin/x || echo closed',
    )
    assert.equal(ended.job.status.phase, 'Completed', whole(ended))
    for (const dir of ['/tmp', '/cache', '/home/work', '/home/ma-user'])
      assert.ok(log(ended).includes(`wrote ${dir}\n`), whole(ended))
    assert.match(log(ended), /closed$/m)
  })

  for (const [runUser, ids, name] of [
    ['0', '0:0', 'root'],
    ['1000', '1000:100', 'ma-user'],
    ['1101', '1101:1101', 'work'],
    ['4242', '4242:4242', ''],
  ] as const)
    it(`runs as uid ${runUser}, in its groups and by its name`, async () => {
      const ended = await run(
        `uid-${runUser}`,
        'closed:latest',
        'echo ids $(id -u):$(id -g) $(id -un); echo x > /cache/x && echo x > ~/x && echo wrote',
        { runUser },
      )
      assert.equal(ended.job.status.phase, 'Completed', whole(ended))
      assert.ok(log(ended).includes(`ids ${ids} ${name}`), whole(ended))
      assert.match(log(ended), /^wrote$/m)
    })

  it('that brings a moxing keeps it, and its own run_train.sh when the job says so', async () => {
    const moxing = await run(
      'own-moxing',
      'own:latest',
      `python3 -c "import moxing; print('it is', moxing.WHOSE)"`,
    )
    assert.match(log(moxing), /it is the image's/, whole(moxing))
    const script = await run('own-script', 'own:latest', '/bin/bash /home/work/run_train.sh one two', {
      annotations: { 'ropeway/keep-image-run-train': 'true' },
    })
    assert.match(log(script), /the script of the image: 2/, whole(script))
  })

  it('leaves nothing behind', () => nothingLeftOn(engine.docker, ropeway))
})
