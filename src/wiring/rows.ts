// Rows and who may ask. The folder's lock comes first: nothing of a living server is touched by a second one.
import { hostname } from 'node:os'
import { LiveIdentity } from '../auth/live-identity.ts'
import { purposeKey } from '../auth/signed-text.ts'
import { tokenKeys } from '../auth/token.ts'
import type { Config } from '../config.ts'
import { createIdentityStore } from '../db/identity-store.ts'
import { createJobStore } from '../db/job-store.ts'
import { createRegistryStore } from '../db/registry-store.ts'
import { readSecretKey } from '../db/secret-key.ts'
import { announceServe } from '../db/serves.ts'
import { createStorageConnectionStore } from '../db/storage-connection-store.ts'
import { systemClock } from '../lib/clock.ts'
import type { Logger } from '../logger.ts'
import { makeDataFolder } from './data-folder.ts'
import { isDatabaseAway, openRowsDatabase, recordDatabase } from './database.ts'
import { createProjectStores } from './project-stores.ts'

/** Opens them; `owned` closes what has to be closed. */
export async function openRows(config: Config, owned: AsyncDisposableStack, logger: Logger) {
  const clock = systemClock
  makeDataFolder(config.dataDir)
  const { db, serveId, where, now, onChange } = owned.use(await openRowsDatabase(config, logger))
  const secretKey = await readSecretKey(config.dataDir)
  const identities = createIdentityStore(db, { secretKey, clock })
  const first = await identities.ensureFirst()
  await recordDatabase(config.dataDir, where, first.projectId)
  const identity = owned.use(
    await LiveIdentity.open({
      ...{ store: identities, keys: tokenKeys(secretKey), clock },
      onError: (error) => {
        if (!isDatabaseAway(error))
          logger.warn({ error: String(error) }, 'the last use of access keys was not noted')
      },
    }),
  )
  const store = createJobStore(db, { secretKey, serveId, ownership: 'serve', now, onChange })
  const registries = createRegistryStore(db, { secretKey, clock })
  const projectStores = {
    ...createProjectStores(db),
    storageConnections: createStorageConnectionStore(db, { secretKey, clock }),
  }
  const announce = (endpoint: string) => announceServe(db, { serveId, hostName: hostname(), endpoint })
  const linkKey = purposeKey(secretKey, 'log link')
  return {
    clock,
    serveId,
    first,
    store,
    linkKey,
    projectStores,
    registries,
    identity,
    ensureFirst: () => identities.ensureFirst(),
    announce,
  }
}

export type OpenRows = Awaited<ReturnType<typeof openRows>>
