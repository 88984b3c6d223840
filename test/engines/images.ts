// Images made on the spot from what the machine has: nothing is pulled.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import type Docker from 'dockerode'
import { pack } from 'tar-stream'

export type ImageFile = {
  readonly path: string
  /** Text or bytes; left out for folders and links. */
  readonly content?: string | Uint8Array
  readonly link?: string
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
}

/** One tar with the files, folders (path ends in `/`) and links; of several with one path the last. */
export function tarOf(files: readonly ImageFile[]): Promise<Buffer> {
  const tar = pack()
  const last = new Map(files.map((file) => [file.path, file]))
  for (const { path, content, link, mode, uid = 0, gid = 0 } of last.values()) {
    if (link !== undefined) tar.entry({ name: path, type: 'symlink', linkname: link, uid, gid })
    else if (path.endsWith('/')) tar.entry({ name: path, type: 'directory', mode: mode ?? 0o755, uid, gid })
    else tar.entry({ name: path, mode: mode ?? 0o644, uid, gid }, Buffer.from(content ?? ''))
  }
  tar.finalize()
  return Readable.from(tar)
    .toArray()
    .then((parts) => Buffer.concat(parts as Buffer[]))
}

/** Makes an image of one layer. `changes` are Dockerfile lines: ENV, USER, ENTRYPOINT, WORKDIR, CMD. Returns its id. */
export async function importImage(
  docker: Docker,
  name: string,
  files: readonly ImageFile[],
  changes: readonly string[] = [],
): Promise<string> {
  const [repo = name, tag = 'latest'] = name.split(/:(?=[^/]*$)/)
  const stream = await docker.importImage(Readable.from([await tarOf(files)]) as never, {
    repo,
    tag,
    changes: changes as never,
  })
  await new Promise<void>((resolve, reject) =>
    docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve())),
  )
  return (await docker.getImage(name).inspect()).Id
}

/** Nothing but a static busybox with links for its commands: 2 MB, no libc. */
export async function busyboxFiles(): Promise<ImageFile[]> {
  const { stdout } = await promisify(execFile)('/bin/busybox', ['--list'])
  const applets = stdout
    .trim()
    .split('\n')
    .filter((name) => name !== 'busybox')
  return [
    { path: 'bin/' },
    { path: 'bin/busybox', content: await readFile('/bin/busybox'), mode: 0o755 },
    ...applets.map((name) => ({ path: `bin/${name}`, link: 'busybox' })),
    { path: 'tmp/', mode: 0o1777 },
    { path: 'etc/' },
    { path: 'etc/passwd', content: 'root:x:0:0:root:/:/bin/sh\n' },
  ]
}

/**
 * The empty frame of a Debian root; started with the machine's /usr mounted it has python3 and a real libc
 * (testing.md B, "hb").
 */
export async function hostFrameFiles(): Promise<ImageFile[]> {
  const folders = 'usr etc tmp proc sys dev root var var/tmp run home'.split(' ')
  return [
    ...folders.map((path) => ({
      path: `${path}/`,
      mode: path === 'tmp' || path === 'var/tmp' ? 0o1777 : 0o755,
    })),
    ...['bin', 'sbin', 'lib', 'lib64'].map((path) => ({ path, link: `usr/${path}` })),
    { path: 'etc/passwd', content: 'root:x:0:0:root:/root:/bin/sh\n' },
    { path: 'etc/group', content: 'root:x:0:\n' },
    { path: 'etc/nsswitch.conf', content: 'hosts: files dns\n' },
    { path: 'etc/ld.so.cache', content: await readFile('/etc/ld.so.cache') },
  ]
}
