// The way back in when nobody has a key or password that works: on the data folder, with the server stopped. Whoever can
// read secret.key can read every key anyway, so this opens nothing that was closed.
import { hashPassword, PASSWORD_LENGTH } from '../auth/password.ts'
import type { ResetResult, ResetWish } from '../cli/context.ts'
import { ConfigError, readConfig } from '../config.ts'
import { makeAdministrator } from '../db/identity-first.ts'
import { createIdentityStore } from '../db/identity-store.ts'
import { readSecretKey } from '../db/secret-key.ts'
import { systemClock } from '../lib/clock.ts'
import { createLogger } from '../logger.ts'
import { makeDataFolder } from './data-folder.ts'
import { openRowsDatabase } from './database.ts'

/** Makes or restores an administrator and gives it a new key. Throws ConfigError or DataFolderError. */
export async function resetAdministrator(
  { dataDir, databaseUrl, user: name, password }: ResetWish,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ResetResult> {
  const { least, most } = PASSWORD_LENGTH
  if (password !== null && (password.length < least || password.length > most))
    throw new ConfigError(`password: got ${password.length} characters; valid: ${least} to ${most}`)
  if (!/^[\p{L}\p{N}_.@-]{1,64}$/u.test(name))
    throw new ConfigError(
      `--user: got ${JSON.stringify(name)}; valid: 1 to 64 letters, digits, "_", ".", "@" or "-"`,
    )
  const flags = { data: dataDir, ...(databaseUrl === null ? {} : { database: databaseUrl }) }
  const config = readConfig({ ...flags, version: '' }, env)
  makeDataFolder(config.dataDir)
  await using rows = await openRowsDatabase(config, createLogger('silent'))
  const secretKey = await readSecretKey(config.dataDir)
  const store = createIdentityStore(rows.db, { secretKey, clock: systemClock })
  const { projectId } = await store.ensureFirst()
  const passwordHash = password === null ? undefined : await hashPassword(password)
  const known = (await store.read()).users.find((user) => user.name === name)
  const nowMs = systemClock.now().getTime()
  const userId =
    known?.id ??
    (await makeAdministrator(rows.db, { name, passwordHash: passwordHash ?? null, projectId }, nowMs))
  if (known) {
    const change = { enabled: true, administrator: true }
    await store.changeUser(userId, { ...change, ...(passwordHash === undefined ? {} : { passwordHash }) })
    await store.setMember({ userId, projectId, role: 'admin' })
  }
  const key = await store.addKey({ userId, projectId, description: 'made by reset', expiresAtMs: null })
  const { projects } = await store.read()
  return {
    user_name: name,
    project_id: projectId,
    project_name: projects.find(({ id }) => id === projectId)?.name ?? '',
    access_key: key.accessKey,
    secret_key: key.secret,
  }
}
