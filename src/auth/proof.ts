// From what a request shows (an access key, a temporary one, a token) to the principal it stands for.
import type { Directory } from './directory.ts'
import type { Principal } from './principal.ts'
import { isTemporary, openTemporaryKey } from './temporary-key.ts'
import { readToken, type TokenKeys } from './token.ts'

/** Everything a proof is checked against, at one moment. */
export type Identities = { readonly directory: Directory; readonly keys: TokenKeys; readonly now: Date }

export type Proven =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly message: string }

/** A key that exists: its secret, to verify a signature with, and what it stands for once that is done. */
export type FoundKey = { readonly secret: string; prove(): Proven }

type Wanted = Pick<Principal, 'userId' | 'proof' | 'expiresAtMs'> & {
  readonly projectId: string | null
  /** null where a disabled user is the only thing that makes it void. */
  readonly epoch: number | null
  /** For people: `access key AK`. */
  readonly words: string
}

const no = (message: string): Proven => ({ ok: false, message })

/** Is user, project and membership as the proof needs it? What the user may is what the directory says now. */
function prove({ directory, now }: Identities, wanted: Wanted): Proven {
  const { userId, projectId, epoch, expiresAtMs, proof, words } = wanted
  if (expiresAtMs !== null && expiresAtMs <= now.getTime())
    return no(`The ${words} has expired (${new Date(expiresAtMs).toISOString()})`)
  const user = directory.user(userId)
  if (user === undefined) return no(`The user of the ${words} is gone`)
  if (!user.enabled) return no(`The user ${user.name} is disabled`)
  if (epoch !== null && epoch !== user.epoch)
    return no(`The ${words} is void: the user ${user.name} was disabled or has another password since`)
  const role = projectId === null ? null : directory.role(userId, projectId)
  if (role === undefined) return no(`The user ${user.name} is no member of the project of the ${words}`)
  if (projectId !== null && directory.project(projectId)?.enabled !== true)
    return no(`The project of the ${words} is disabled`)
  const { name: userName, administrator } = user
  return {
    ok: true,
    principal: { userId, userName, projectId: projectId ?? '', role, administrator, proof, expiresAtMs },
  }
}

/** The key of a signed request; a text that says why there is none. */
export function findKey(
  identities: Identities,
  accessKey: string,
  securityToken: string | undefined,
): FoundKey | string {
  if (isTemporary(accessKey)) return findTemporary(identities, accessKey, securityToken)
  const key = identities.directory.key(accessKey)
  if (key === undefined) return `There is no access key ${accessKey}`
  if (securityToken) return `The access key ${accessKey} is a lasting one and has no security token`
  const { secret, userId, projectId, expiresAtMs, enabled } = key
  const words = `access key ${accessKey}`
  const proof = { kind: 'key', id: accessKey } as const
  return {
    secret,
    prove: () =>
      enabled
        ? prove(identities, { userId, projectId, epoch: null, expiresAtMs, proof, words })
        : no(`The ${words} is disabled`),
  }
}

function findTemporary(
  identities: Identities,
  accessKey: string,
  securityToken: string | undefined,
): FoundKey | string {
  if (!securityToken) return `The access key ${accessKey} is a temporary one: its security token is missing`
  const opened = openTemporaryKey(identities.keys, accessKey, securityToken)
  if (opened === null) return `The security token is not of the access key ${accessKey}`
  const { userId, projectId, epoch, expiresAtMs, maker } = opened.grant
  const words = `temporary access key ${accessKey}`
  const proof = { kind: 'temporary', id: accessKey } as const
  const isMakerVoid = (): boolean => {
    if (maker.kind === 'token') return identities.directory.isRevoked(maker.id)
    const key = identities.directory.key(maker.id)
    // Its end may have been set, or moved forward, since.
    return key?.enabled !== true || (key.expiresAtMs ?? Number.POSITIVE_INFINITY) <= identities.now.getTime()
  }
  return {
    secret: opened.secret,
    prove: () =>
      isMakerVoid()
        ? no(`The ${words} is void: the ${maker.kind} it was made with was taken back or has ended`)
        : prove(identities, { userId, projectId, epoch, expiresAtMs, proof, words }),
  }
}

/** The principal of a token. */
export function proveToken(identities: Identities, text: string): Proven {
  const token = readToken(identities.keys, text)
  if (token === null) return no('X-Auth-Token is no token of this server')
  if (identities.directory.isRevoked(token.id)) return no('The token was given back')
  const { userId, projectId, epoch, expiresAtMs, id } = token
  const proof = { kind: 'token', id } as const
  return prove(identities, { userId, projectId, epoch, expiresAtMs, proof, words: 'token' })
}
