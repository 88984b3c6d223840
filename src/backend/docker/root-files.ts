// What a container's own root gets before it starts: folders that the task's uid may write, and names for its uid.
// It travels as a tar into the made, not yet started container; doing it again changes nothing.
import type { Container } from 'dockerode'
import { extract, pack } from 'tar-stream'
import { withAccounts } from '../accounts.ts'
import { isNotFound } from './engine.ts'
import type { DockerRequest } from './plan.ts'

/** Text of /etc/passwd and /etc/group in an image; empty where it has none. */
type AccountFiles = { readonly passwd: string; readonly group: string }

const MAX_BYTES = 1 << 20

/** Remembers what images have: a look costs as much as the rest. */
export class RootFiles {
  readonly #accounts = new Map<string, Promise<AccountFiles>>()

  /** Puts the files into a container that was made from image `imageId`. Throws what the engine says. */
  async put(container: Container, imageId: string, request: DockerRequest): Promise<void> {
    const known = this.#accounts.get(imageId) ?? readAccounts(container)
    this.#accounts.set(imageId, known)
    known.catch(() => this.#accounts.delete(imageId))
    // copyUIDGID false: owners are those of the tar, and not the container's user (Podman's default).
    await container.putArchive(await rootTar(request, await known), {
      path: '/',
      copyUIDGID: 'false',
    } as never)
  }
}

async function readAccounts(container: Container): Promise<AccountFiles> {
  const [passwd, group] = await Promise.all([
    readFile(container, '/etc/passwd'),
    readFile(container, '/etc/group'),
  ])
  return { passwd, group }
}

async function readFile(container: Container, path: string): Promise<string> {
  const stream = await container.getArchive({ path }).catch((error: unknown) => {
    if (isNotFound(error)) return null
    throw error
  })
  if (stream === null) return ''
  const tar = extract()
  const done = Promise.withResolvers<void>()
  stream.once('error', done.reject)
  tar.once('error', done.reject)
  tar.once('finish', () => done.resolve())
  let text = ''
  tar.on('entry', (header, body, next) => {
    body.on('data', (chunk: Buffer) => {
      if (header.type === 'file' && text.length < MAX_BYTES) text += chunk.toString('utf8')
    })
    body.once('end', next)
  })
  stream.pipe(tar)
  await done.promise
  return text
}

async function rootTar(
  { uid, gid, rootFolders, accounts }: DockerRequest,
  image: AccountFiles,
): Promise<Buffer> {
  const tar = pack()
  for (const { path, mode, owner } of rootFolders) {
    const ids = owner === 'task' ? { uid, gid } : { uid: 0, gid: 0 }
    tar.entry({ name: `${path.slice(1)}/`, type: 'directory', mode, ...ids })
  }
  for (const name of ['passwd', 'group'] as const) {
    const text = withAccounts(image[name], accounts[name])
    if (text !== image[name]) tar.entry({ name: `etc/${name}`, mode: 0o644, uid: 0, gid: 0 }, text)
  }
  tar.finalize()
  const parts: Buffer[] = []
  for await (const part of tar) parts.push(part as Buffer)
  return Buffer.concat(parts)
}
