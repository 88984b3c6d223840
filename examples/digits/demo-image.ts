// The demo's image: this machine's own Python, bash and the libraries they need, put into one layer. Nothing is pulled.
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { lstat, readdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { promisify } from 'node:util'
import Docker from 'dockerode'
import { pack } from 'tar-stream'

export const DEMO_IMAGE = 'ropeway-demo/python:local'

const PROGRAMS = ['/bin/bash', '/bin/sh', '/usr/bin/env', '/bin/cat', '/bin/ls', '/usr/bin/id']
/** Parts of Python's library that no job needs. */
const LEFT_OUT =
  /^(test|tests|idlelib|lib2to3|tkinter|turtledemo|ensurepip|__pycache__|config-.*|dist-packages)$/
const MERGED = ['bin', 'sbin', 'lib', 'lib64']

const PING_MS = 5_000

const run = promisify(execFile)

/** The engine behind DOCKER_HOST or the usual socket, or null when none answers. */
export async function findEngine(dockerHost: string | undefined): Promise<Docker | null> {
  if (dockerHost !== undefined && dockerHost !== '' && !dockerHost.startsWith('unix://')) return null
  const socketPath = dockerHost?.slice('unix://'.length) || '/var/run/docker.sock'
  // An engine that hangs takes the connection and says nothing.
  return new Docker({ socketPath, timeout: PING_MS }).ping().then(
    () => new Docker({ socketPath }),
    () => null,
  )
}

/** Makes the image anew, in a second or two. Throws when this machine has no python3 in /usr/bin. */
export async function makeDemoImage(docker: Docker): Promise<void> {
  const tar = pack()
  const [repo = '', tag = ''] = DEMO_IMAGE.split(':')
  const importing = docker.importImage(tar as never, {
    repo,
    tag,
    changes: ['ENV PATH=/usr/bin:/bin'] as never,
  })
  const filling = fill(tar).catch((error: Error) => tar.destroy(error))
  const answer = await importing
  await filling
  await new Promise<void>((resolve, reject) =>
    docker.modem.followProgress(answer, (error) => (error ? reject(error) : resolve())),
  )
}

type Tar = ReturnType<typeof pack>

async function fill(tar: Tar): Promise<void> {
  for (const path of ['etc', 'tmp', 'proc', 'sys', 'dev', 'run', 'usr', 'home'])
    tar.entry({ name: `${path}/`, type: 'directory', mode: path === 'tmp' ? 0o1777 : 0o755 })
  for (const path of MERGED) {
    const link = (await lstat(`/${path}`).catch(() => null))?.isSymbolicLink() ?? false
    if (link) tar.entry({ name: path, type: 'symlink', linkname: `usr/${path}` })
    else tar.entry({ name: `${path}/`, type: 'directory', mode: 0o755 })
  }
  tar.entry({ name: 'etc/passwd' }, 'root:x:0:0:root:/root:/bin/sh\n')
  tar.entry({ name: 'etc/group' }, 'root:x:0:\n')
  for (const path of await filesOfImage()) {
    const found = await realpath(dirname(path))
    const { mode } = await lstat(await realpath(path))
    tar.entry({ name: join(found, basename(path)).slice(1), mode: mode & 0o755 }, await readFile(path))
  }
  tar.finalize()
}

async function filesOfImage(): Promise<string[]> {
  const question = 'import sysconfig; print(sysconfig.get_path("stdlib"))'
  const { stdout } = await run('/usr/bin/python3', ['-I', '-c', question])
  const library = await filesBelow(stdout.trim())
  const programs = ['/usr/bin/python3', ...PROGRAMS]
  const linked = [...programs, ...library.filter((path) => path.endsWith('.so'))]
  return [...new Set([...programs, ...library, ...(await librariesOf(linked))])]
}

async function filesBelow(dir: string): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    if (LEFT_OUT.test(entry.name)) continue
    const path = join(dir, entry.name)
    if (entry.isDirectory()) found.push(...(await filesBelow(path)))
    else if (entry.isFile()) found.push(path)
  }
  return found
}

/** Libraries and loaders as ldd(1) finds them: `name => /path (0x…)` and `/path (0x…)`. */
async function librariesOf(programs: readonly string[]): Promise<string[]> {
  const { stdout } = await run('ldd', [...programs], { maxBuffer: 16 << 20 })
  return [...stdout.matchAll(/^\s+(?:\S+ => )?(\/\S+) \(0x/gm)].map((match) => match[1] ?? '')
}

/** Does the engine mount files of this machine? One that runs elsewhere, or outside our container, does not. */
export async function seesOurFiles(docker: Docker, dir: string): Promise<boolean> {
  const path = join(dir, 'probe')
  const word = randomUUID()
  await writeFile(path, word, { mode: 0o644 })
  const output = new PassThrough()
  const said = output.toArray()
  const [end] = await docker
    .run(DEMO_IMAGE, ['/bin/cat', '/probe'], output, {
      Tty: true,
      HostConfig: { Binds: [`${path}:/probe:ro`], NetworkMode: 'none', AutoRemove: true },
    })
    .catch(() => [null])
  output.end()
  return (
    end?.StatusCode === 0 &&
    Buffer.concat(await said)
      .toString()
      .includes(word)
  )
}

/** Takes the image away again; one that is still used stays. */
export async function removeDemoImage(docker: Docker): Promise<void> {
  await docker
    .getImage(DEMO_IMAGE)
    .remove()
    .catch(() => undefined)
}
