// Which access keys a caller may look after, and which new ones they may have.
import { AppError } from '../../api/error.ts'
import type { AccessKey, KeyChange, User } from '../../auth/identity.ts'
import type { Principal } from '../../auth/principal.ts'
import type { ApiContext, ApiParts } from '../parts.ts'

/** Administrators all; others their own, and one who shows a key those of its project alone. */
export const mayManage = (principal: Principal, key: AccessKey): boolean =>
  principal.administrator ||
  (key.userId === principal.userId &&
    (principal.proof.kind === 'token' || key.projectId === principal.projectId))

/** The key a path names. Throws AppError AccessKeyNotFound, the same for one that is somebody else's. */
export function keyOf({ identity }: Pick<ApiParts, 'identity'>, context: ApiContext): AccessKey {
  const name = context.req.param('key') ?? ''
  const key = identity.directory.key(name)
  if (key && mayManage(context.get('principal'), key)) return key
  throw new AppError(
    'AccessKeyNotFound',
    `access_key: got ${JSON.stringify(name.slice(0, 80))}; valid: an access key of the caller`,
  )
}

/**
 * The project that a new key of a user will open. What was handed out for a while makes nothing that lasts, and a key
 * makes none for another project. Throws AppError Forbidden or ProjectNotFound.
 */
export function projectForKey(
  { identity }: Pick<ApiParts, 'identity'>,
  principal: Principal,
  user: User,
  wanted: string | null | undefined,
): string {
  if (principal.proof.kind === 'temporary')
    throw new AppError(
      'Forbidden',
      'access keys: a temporary access key makes none that last; valid: a lasting key or a token',
    )
  const own = identity.directory.projectsOf(user.id)
  const isSelf = user.id === principal.userId
  const usual =
    isSelf && principal.projectId !== '' ? principal.projectId : own.length === 1 ? own[0]?.id : undefined
  const id = wanted || usual
  const found = own.find((project) => project.id === id)
  if (!found)
    throw new AppError(
      'ProjectNotFound',
      `project_id: got ${id === undefined ? 'nothing' : JSON.stringify(id.slice(0, 80))}; valid: a project that ${user.name} is a member of (${own.map((one) => one.id).join(', ') || 'there is none'})`,
    )
  if (principal.proof.kind === 'key' && !principal.administrator && found.id !== principal.projectId)
    throw new AppError(
      'Forbidden',
      'project_id: an access key makes none for another project; valid: its own project, or a token',
    )
  return found.id
}

/**
 * When a new key ends: as wished, and no later than the key that asks for it; null: never. Administrators set ends, and a
 * token comes of a password, which has none. Throws AppError Forbidden for a wish that goes further.
 */
export function endOfNewKey(
  { administrator, proof, expiresAtMs: ownMs }: Principal,
  wishedMs: number | null | undefined,
): number | null {
  const mostMs = administrator || proof.kind === 'token' ? null : ownMs
  if (wishedMs === undefined) return mostMs
  refuseLater('expires_in_s', wishedMs, mostMs)
  return wishedMs
}

/** A key that was given an end, or disabled, is prolonged or enabled by administrators alone. Throws AppError Forbidden. */
export function checkKeyChange({ administrator }: Principal, key: AccessKey, change: KeyChange): void {
  if (administrator) return
  if (change.enabled === true && !key.enabled)
    throw new AppError(
      'Forbidden',
      `access_key: ${key.accessKey} is disabled; valid: an administrator enables it again`,
    )
  if (change.expiresAtMs !== undefined) refuseLater('expires_in_s', change.expiresAtMs, key.expiresAtMs)
}

/** null: never. */
function refuseLater(field: string, wishedMs: number | null, mostMs: number | null): void {
  if (mostMs === null || (wishedMs !== null && wishedMs <= mostMs)) return
  const got = wishedMs === null ? 'never' : new Date(wishedMs).toISOString()
  throw new AppError(
    'Forbidden',
    `${field}: got an end of ${got}; valid: no later than ${new Date(mostMs).toISOString()}, or ask an administrator`,
  )
}
