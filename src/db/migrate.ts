// Brings a database to this program's schema, once, under Kysely's lock, in one transaction.
import { type Migration, Migrator } from 'kysely/migration'
import { DataFolderError } from './data-folder-error.ts'
import * as first from './migrations/0001-first.ts'
import * as registries from './migrations/0002-registries.ts'
import * as serves from './migrations/0003-serves.ts'
import * as reportTimes from './migrations/0004-report-times.ts'
import * as identity from './migrations/0005-identity.ts'
import * as catalogues from './migrations/0006-catalogues.ts'
import * as outputClaims from './migrations/0008-output-claims.ts'
import * as storageConnections from './migrations/0009-storage-connections.ts'
import * as numbers from './migrations/0010-numbers.ts'
import * as search from './migrations/0011-search.ts'
import type { Rows } from './tables.ts'

/** In the order of their names; a name that was released never changes. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-first': first,
  '0002-registries': registries,
  '0003-serves': serves,
  '0004-report-times': reportTimes,
  '0005-identity': identity,
  '0006-catalogues': catalogues,
  '0008-output-claims': outputClaims,
  '0009-storage-connections': storageConnections,
  '0010-numbers': numbers,
  '0011-search': search,
}

/**
 * Runs what is missing. Throws DataFolderError, with nothing changed, when the database knows migrations that this
 * program does not: an older serve must not write into a newer schema. `where` names the database in messages.
 */
export async function migrate(db: Rows, where: string): Promise<void> {
  await refuseNewer(db, where)
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } })
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined)
    throw new DataFolderError(
      `${where} could not be brought to this version's schema: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    )
}

async function refuseNewer(db: Rows, where: string): Promise<void> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some((table) => table.name === 'kysely_migration')) return
  const applied = await db.selectFrom('kysely_migration').select('name').orderBy('name').execute()
  const unknown = applied.map((row) => row.name).filter((name) => !(name in MIGRATIONS))
  if (unknown.length === 0) return
  throw new DataFolderError(
    `${where} was written by a newer ropeway: it has schema ${unknown.at(-1)}, this version knows up to ${Object.keys(MIGRATIONS).sort().at(-1)}. Start that newer version, or restore a backup made before the upgrade`,
  )
}
