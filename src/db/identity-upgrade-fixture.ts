// A database as it was before there were users, brought up. Both databases are held to it.
import assert from 'node:assert/strict'
import type { Kysely } from 'kysely'
import { createIdentityStore } from './identity-store.ts'
import * as first from './migrations/0001-first.ts'
import * as registries from './migrations/0002-registries.ts'
import * as serves from './migrations/0003-serves.ts'
import * as reportTimes from './migrations/0004-report-times.ts'
import * as identity from './migrations/0005-identity.ts'
import { seal } from './seal.ts'
import type { Rows } from './tables.ts'

const secretKey = Buffer.alloc(32, 7)
const PROJECT = 'a'.repeat(32)
type Before = {
  projects: { id: string; name: string; created_at: number }
  access_keys: Record<string, string | number | null>
}

/** Fails unless the one key and project of before work on, as an administrator's. */
export async function checkUpgrade(db: Rows): Promise<void> {
  const before = db as unknown as Kysely<Before>
  for (const { up } of [first, registries, serves, reportTimes]) await up(before as Kysely<unknown>)
  await before.insertInto('projects').values({ id: PROJECT, name: 'default', created_at: 1 }).execute()
  for (const [access_key, expires_at] of [
    ['AKONE', null],
    ['AKTWO', 5_000],
  ] as const)
    await before
      .insertInto('access_keys')
      .values({
        ...{
          access_key,
          project_id: PROJECT,
          user_name: 'admin',
          scope: 'project',
          created_at: 2,
          expires_at,
        },
        secret_key: seal(secretKey, `access key ${access_key}`, `secret of ${access_key}`),
      })
      .execute()
  await identity.up(before as Kysely<unknown>)
  const store = createIdentityStore(db, { secretKey, clock: { now: () => new Date(3_000) } })
  const { users, projects, memberships, keys } = await store.read()
  const [admin] = users
  assert.ok(admin && users.length === 1)
  assert.deepEqual([admin.name, admin.administrator, admin.enabled], ['admin', true, true])
  assert.deepEqual(projects, [
    { id: PROJECT, name: 'default', description: '', enabled: true, createdAtMs: 1 },
  ])
  assert.deepEqual(memberships, [{ userId: admin.id, projectId: PROJECT, role: 'admin' }])
  const common = { userId: admin.id, projectId: PROJECT, description: '', enabled: true, createdAtMs: 2 }
  const expected = [
    { ...common, accessKey: 'AKONE', secret: 'secret of AKONE', expiresAtMs: null, lastUsedAtMs: null },
    { ...common, accessKey: 'AKTWO', secret: 'secret of AKTWO', expiresAtMs: 5_000, lastUsedAtMs: null },
  ]
  assert.deepEqual(keys, expected)
  assert.deepEqual(await store.ensureFirst(), { projectId: PROJECT, key: expected[0] })
}
