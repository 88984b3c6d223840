// Users, their roles in projects, and what was missing of access keys. What was one key of one user becomes just that.
import { type Kysely, sql } from 'kysely'
import { newUuid } from '../../lib/id.ts'
import { textType } from './text-type.ts'

type Before = {
  access_keys: { access_key: string; project_id: string; user_name: string; created_at: number }
  users: {
    id: string
    name: string
    enabled: number
    administrator: number
    epoch: number
    created_at: number
  }
  memberships: { user_id: string; project_id: string; role: string }
}

export async function up(db: Kysely<unknown>): Promise<void> {
  await makeUsers(db)
  await makeMemberships(db)
  await makeUsersOfKeys(db as Kysely<Before>)
  await widenKeys(db)
  await db.schema
    .alterTable('projects')
    .addColumn('description', textType(db), (column) => column.notNull().defaultTo(''))
    .execute()
  await db.schema
    .alterTable('projects')
    .addColumn('enabled', 'integer', (column) => column.notNull().defaultTo(1))
    .execute()
  await db.schema
    .createTable('revoked_tokens')
    .addColumn('id', textType(db), (column) => column.primaryKey())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute()
}

async function makeUsers(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema
    .createTable('users')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('name', text, (column) => column.notNull().unique())
    .addColumn('enabled', 'integer', (column) => column.notNull())
    .addColumn('administrator', 'integer', (column) => column.notNull())
    // A hash with its salt and cost (src/auth/password.ts); null: no password.
    .addColumn('password', text)
    .addColumn('epoch', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute()
}

async function makeMemberships(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema
    .createTable('memberships')
    .addColumn('user_id', text, (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('project_id', text, (column) => column.notNull().references('projects.id').onDelete('cascade'))
    .addColumn('role', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('memberships_key', ['user_id', 'project_id'])
    .execute()
}

/** Whoever has a key by now may do everything, so they are administrators. */
async function makeUsersOfKeys(db: Kysely<Before>): Promise<void> {
  const keys = await db
    .selectFrom('access_keys')
    .select(['project_id', 'user_name', 'created_at'])
    .orderBy('created_at')
    .execute()
  for (const name of new Set(keys.map((key) => key.user_name))) {
    const own = keys.filter((key) => key.user_name === name)
    const id = newUuid().replaceAll('-', '')
    const created_at = own[0]?.created_at ?? 0
    await db
      .insertInto('users')
      .values({ id, name, enabled: 1, administrator: 1, epoch: 0, created_at })
      .execute()
    for (const project_id of new Set(own.map((key) => key.project_id)))
      await db.insertInto('memberships').values({ user_id: id, project_id, role: 'admin' }).execute()
  }
}

/** A column that must not be null and refers to another table cannot be added on SQLite, so the table is made anew. */
async function widenKeys(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema.alterTable('access_keys').renameTo('old_access_keys').execute()
  await db.schema
    .createTable('access_keys')
    .addColumn('access_key', text, (column) => column.primaryKey())
    .addColumn('user_id', text, (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('project_id', text, (column) => column.notNull().references('projects.id').onDelete('cascade'))
    .addColumn('secret_key', text, (column) => column.notNull())
    .addColumn('description', text, (column) => column.notNull())
    .addColumn('enabled', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('last_used_at', 'bigint')
    .execute()
  await sql`
    insert into access_keys
      (access_key, user_id, project_id, secret_key, description, enabled, created_at, expires_at)
    select old.access_key, users.id, old.project_id, old.secret_key, '', 1, old.created_at, old.expires_at
    from old_access_keys old join users on users.name = old.user_name`.execute(db)
  await db.schema.dropTable('old_access_keys').execute()
}
