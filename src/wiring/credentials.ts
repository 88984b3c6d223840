// DIR/credentials.json tells clients where the server is and how to sign: written once it answers, and anew when the key in
// it was rotated, disabled or removed.
import { join } from 'node:path'
import type { AccessKey } from '../auth/identity.ts'
import type { LiveIdentity } from '../auth/live-identity.ts'
import { writeFileAtomic } from '../lib/atomic-file.ts'

type Credentials = {
  readonly endpoint: string
  readonly object_endpoint: string
  readonly project_id: string
  /** Absent where no administrator has a key that works: clients then say their own. */
  readonly access_key: string | undefined
  readonly secret_key: string | undefined
}

/** Mode 0600, replaced whole. */
async function writeCredentials(dataDir: string, credentials: Credentials): Promise<void> {
  await writeFileAtomic(join(dataDir, 'credentials.json'), `${JSON.stringify(credentials, null, 2)}\n`, 0o600)
}

type First = { readonly projectId: string; readonly key: AccessKey | null }

/** Writes the file, and keeps a key in it that works, for as long as an administrator has one. */
export async function keepCredentials(
  dataDir: string,
  where: Pick<Credentials, 'endpoint' | 'object_endpoint'>,
  { first, identity, ensureFirst }: { first: First; identity: LiveIdentity; ensureFirst(): Promise<First> },
  onError: (error: unknown) => void,
): Promise<void> {
  let shown = first
  const write = () =>
    writeCredentials(dataDir, {
      ...where,
      project_id: shown.projectId,
      access_key: shown.key?.accessKey,
      secret_key: shown.key?.secret,
    })
  await write()
  const look = async (): Promise<void> => {
    const key = shown.key && identity.directory.key(shown.key.accessKey)
    if (key?.enabled && key.expiresAtMs === null && identity.directory.user(key.userId)?.enabled) return
    const next = await ensureFirst()
    if (next.key?.accessKey === shown.key?.accessKey) return
    shown = next
    await write()
    // It may have been made just now.
    if (next.key && !identity.directory.key(next.key.accessKey)) await identity.reload()
  }
  // One after the other, or an older answer could be written last.
  let last = Promise.resolve()
  identity.onChange(() => {
    last = last.then(look).catch(onError)
  })
}
