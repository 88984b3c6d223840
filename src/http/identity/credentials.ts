// Lasting and temporary access keys as IAM has them (`/v3.0/OS-CREDENTIAL`), and the own password.
import { AppError } from '../../api/error.ts'
import type { Principal } from '../../auth/principal.ts'
import { type Proven, proveToken } from '../../auth/proof.ts'
import { makeTemporaryKey, TEMPORARY_SECONDS } from '../../auth/temporary-key.ts'
import type { Call, Handlers } from '../handlers.ts'
import type { ApiParts } from '../parts.ts'
import { credentialBody, iamTime } from './bodies.ts'
import { checkKeyChange, endOfNewKey, keyOf, mayManage, projectForKey } from './key-rules.ts'
import type { Logins } from './login.ts'
import { userByText, userOf } from './lookups.ts'
import { newPassword } from './new-password.ts'

type Names =
  | 'createSecurityToken'
  | 'createCredential'
  | 'listCredentials'
  | 'showCredential'
  | 'changeCredential'
  | 'deleteCredential'
  | 'changePassword'

export const credentialHandlers = (parts: ApiParts, logins: Logins): Handlers<Names> => {
  const { identity, audit } = parts
  return {
    createSecurityToken: (call) => createSecurityToken(parts, call),
    createCredential: async ({ context, body: { credential } }) => {
      const principal = context.get('principal')
      const user = userByText(parts, context, credential.user_id)
      const projectId = projectForKey(parts, principal, user, credential.project_id)
      const wanted = {
        userId: user.id,
        projectId,
        description: credential.description ?? '',
        expiresAtMs: endOfNewKey(principal, undefined),
      }
      const key = await identity.change((store) => store.addKey(wanted))
      audit('key added', principal.userName, { key: key.accessKey, user: user.name })
      return { credential: { ...credentialBody(key), secret: key.secret } }
    },
    listCredentials: ({ context, query }) => {
      const principal = context.get('principal')
      const user = userByText(parts, context, query.user_id || principal.userId)
      const keys = identity.directory.keys.filter(
        (key) => key.userId === user.id && mayManage(principal, key),
      )
      return { credentials: keys.map(credentialBody) }
    },
    showCredential: ({ context }) => ({ credential: credentialBody(keyOf(parts, context)) }),
    changeCredential: async ({ context, body: { credential } }) => {
      const key = keyOf(parts, context)
      const { status, description } = credential
      const change = {
        ...(status === undefined ? {} : { enabled: status === 'active' }),
        ...(description === undefined ? {} : { description }),
      }
      checkKeyChange(context.get('principal'), key, change)
      await identity.change((store) => store.changeKey(key.accessKey, change))
      audit('key changed', context.get('principal').userName, { key: key.accessKey, ...change })
      return { credential: credentialBody(keyOf(parts, context)) }
    },
    deleteCredential: async ({ context }) => {
      const { accessKey } = keyOf(parts, context)
      await identity.change((store) => store.removeKey(accessKey))
      audit('key removed', context.get('principal').userName, { key: accessKey })
      return context.body(null, 204)
    },
    changePassword: async ({ context, body: { user: given } }) => {
      const { id, name } = userOf(parts, context)
      await logins.prove(context, name, given.original_password)
      const passwordHash = await newPassword('user.password', given.password)
      await identity.change((store) => store.changeUser(id, { passwordHash }))
      audit('password changed', context.get('principal').userName, { user: name })
      return context.body(null, 204)
    },
  }
}

/** The maker is who asks, or the token in the body: Huawei's SDK sends that one alone. */
function createSecurityToken(
  { identity, clock, audit }: ApiParts,
  { context, body }: Call<'createSecurityToken'>,
) {
  const { methods, token, policy } = body.auth.identity
  const unknown = methods.find((method) => method !== 'token')
  if (unknown !== undefined || policy !== undefined)
    throw new AppError(
      'NotSupported',
      `auth.identity: got ${unknown === undefined ? 'a policy' : `method ${JSON.stringify(unknown.slice(0, 40))}`}; valid: method token without a policy`,
    )
  const maker = makerOf(identity.now(), context.get('principal'), token?.id)
  const { userId, projectId, proof, expiresAtMs } = maker
  if (projectId === '')
    throw new AppError(
      'Forbidden',
      'auth.identity.token: is of no project; valid: a token whose scope is a project',
    )
  if (proof.kind === 'temporary')
    throw new AppError(
      'Forbidden',
      'auth.identity: a temporary access key makes no other; valid: a token or a lasting access key',
    )
  const seconds = token?.duration_seconds ?? TEMPORARY_SECONDS.usual
  const wantedMs = clock.now().getTime() + seconds * 1000
  const endsMs = expiresAtMs === null ? wantedMs : Math.min(wantedMs, expiresAtMs)
  const { epoch = 0 } = identity.directory.user(userId) ?? {}
  const grant = { userId, projectId, epoch, expiresAtMs: endsMs, maker: { kind: proof.kind, id: proof.id } }
  const made = makeTemporaryKey(identity.now().keys, grant)
  audit('temporary key created', maker.userName, { key: made.accessKey, project: projectId })
  const { accessKey: access, secret, securityToken: securitytoken } = made
  context.header('Cache-Control', 'no-store')
  return { credential: { access, secret, securitytoken, expires_at: iamTime(endsMs) } }
}

function makerOf(
  now: Parameters<typeof proveToken>[0],
  principal: Principal,
  token: string | null | undefined,
): Principal {
  const proven: Proven = token ? proveToken(now, token) : { ok: true, principal }
  if (proven.ok && proven.principal.userId !== '') return proven.principal
  throw new AppError(
    'Unauthorized',
    proven.ok
      ? 'X-Auth-Token, a signature or auth.identity.token.id: got none that holds, or a signature that was received before; valid: a token, or a request signed anew'
      : proven.message,
  )
}
