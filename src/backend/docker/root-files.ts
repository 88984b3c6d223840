// What must be changed in a container's own root before it starts travels as a tar into the made, not yet started
// container; doing it again changes nothing.
import type { Container } from 'dockerode'
import { pack } from 'tar-stream'
import type { DockerRequest } from './plan.ts'
import type { RootPlan } from './root-plan.ts'

/** Does nothing when nothing is to be changed. Throws what the engine says. */
export async function putRootFiles(
  container: Container,
  request: DockerRequest,
  { folders, accounts }: RootPlan,
  abortSignal: AbortSignal,
): Promise<void> {
  if (folders.length === 0 && accounts.length === 0) return
  // copyUIDGID false: owners are those of the tar, and not the container's user (Podman's default).
  await container.putArchive(await rootTar(request, folders, accounts), {
    path: '/',
    copyUIDGID: 'false',
    abortSignal,
  } as never)
}

async function rootTar(
  { uid, gid }: DockerRequest,
  folders: RootPlan['folders'],
  accounts: RootPlan['accounts'],
): Promise<Buffer> {
  const tar = pack()
  for (const { path, mode, owner } of folders) {
    const ids = owner === 'task' ? { uid, gid } : { uid: 0, gid: 0 }
    tar.entry({ name: `${path.slice(1)}/`, type: 'directory', mode, ...ids })
  }
  for (const { name, text } of accounts) tar.entry({ name: `etc/${name}`, mode: 0o644, uid: 0, gid: 0 }, text)
  tar.finalize()
  const parts: Buffer[] = []
  for await (const part of tar) parts.push(part as Buffer)
  return Buffer.concat(parts)
}
