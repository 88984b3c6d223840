// DIR/credentials.json tells clients where the server is and how to sign; written once it answers, gone when it stops.

import { join } from 'node:path'
import { writeFileAtomic } from '../lib/atomic-file.ts'

export type Credentials = {
  readonly endpoint: string
  readonly object_endpoint: string
  readonly project_id: string
  /** Absent where no administrator has a key that works: clients then say their own. */
  readonly access_key: string | undefined
  readonly secret_key: string | undefined
}

/** Mode 0600, replaced whole. */
export async function writeCredentials(dataDir: string, credentials: Credentials): Promise<void> {
  await writeFileAtomic(join(dataDir, 'credentials.json'), `${JSON.stringify(credentials, null, 2)}\n`, 0o600)
}
