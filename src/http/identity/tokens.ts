// `/v3/auth/tokens`: from a password, or another token, to a token for one project or for the domain.
import { AppError } from '../../api/error.ts'
import type { TokenAnswer, TokenRequest } from '../../api/iam.ts'
import type { Project } from '../../auth/identity.ts'
import { projectNamed, regionOf } from '../../auth/project-name.ts'
import { proveToken } from '../../auth/proof.ts'
import { newTokenId, readToken, signToken, TOKEN_LIFE_MS, type Token } from '../../auth/token.ts'
import type { Call, Handlers } from '../handlers.ts'
import type { ApiContext, ApiParts } from '../parts.ts'
import { DOMAIN, iamTime } from './bodies.ts'
import { catalogOf } from './catalog.ts'
import { type Logins, loginFailed } from './login.ts'

type Names = 'createToken' | 'showToken' | 'revokeToken'

export const tokenHandlers = (parts: ApiParts, logins: Logins): Handlers<Names> => ({
  createToken: (call) => createToken(parts, logins, call),
  showToken: ({ context, query }) => {
    const { text, token } = subjectToken(parts, context)
    context.header('X-Subject-Token', text)
    return answerOf(parts, context, token, { catalog: query.nocatalog === undefined })
  },
  revokeToken: async ({ context }) => {
    const { token } = subjectToken(parts, context)
    await parts.identity.change((store) => store.revokeToken(token.id, token.expiresAtMs))
    return context.body(null, 204)
  },
})

/** Who a token will be for: what is known before the scope is looked at. */
type Login = Pick<Token, 'userId' | 'epoch' | 'methods' | 'expiresAtMs'>

async function createToken(
  parts: ApiParts,
  logins: Logins,
  { context, body, query }: Call<'createToken'>,
): Promise<TokenAnswer> {
  const { identity, audit, clock } = parts
  const login = await loginOf(parts, logins, context, body)
  const { scope } = body.auth
  const wanted = scope === 'unscoped' ? undefined : (scope?.project ?? undefined)
  const project = wanted && scopedProject(identity.directory.projectsOf(login.userId), wanted)
  const token = {
    ...login,
    id: newTokenId(),
    projectId: project?.id ?? null,
    issuedAtMs: clock.now().getTime(),
  }
  const { keys } = identity.now()
  context.header('X-Subject-Token', signToken(keys, token))
  audit('token created', identity.directory.user(token.userId)?.name ?? '', { project: project?.name ?? '' })
  const { nocatalog } = query
  const answer = answerOf(parts, context, token, {
    catalog: nocatalog === undefined || nocatalog === 'false',
    region: regionOf(wanted?.name, parts.addresses.region),
  })
  return answer
}

async function loginOf(
  { identity, clock }: ApiParts,
  logins: Logins,
  context: ApiContext,
  { auth }: TokenRequest,
): Promise<Login> {
  const { methods, password, token } = auth.identity
  const unknown = methods.find((method) => method !== 'password' && method !== 'token')
  if (unknown !== undefined)
    throw new AppError(
      'NotSupported',
      `auth.identity.methods: got ${JSON.stringify(unknown.slice(0, 40))}; valid: password, token`,
    )
  if (methods.includes('password')) {
    const given = password?.user
    const name = given?.name ?? identity.directory.user(given?.id ?? '')?.name
    if (given === undefined)
      throw new AppError(
        'InvalidParam',
        'auth.identity.password: got nothing; valid: a user with name and password',
      )
    const { id: userId, epoch } = await logins.prove(context, name ?? '', given.password)
    return { userId, epoch, methods: ['password'], expiresAtMs: clock.now().getTime() + TOKEN_LIFE_MS }
  }
  const text = token?.id ?? ''
  const proven = proveToken(identity.now(), text)
  if (!proven.ok) throw loginFailed(proven.message)
  // A token made of another one ends with it, as in Keystone.
  const { userId, epoch, expiresAtMs, methods: before } = readToken(identity.now().keys, text) as Token
  return { userId, epoch, methods: [...new Set([...before, 'token'])], expiresAtMs }
}

/** Throws AppError LoginFailed, the same for a project that does not exist and one the user is no member of. */
function scopedProject(
  own: readonly Project[],
  { id, name }: { id?: string | null | undefined; name?: string | null | undefined },
): Project {
  const found = id ? own.find((project) => project.id === id) : projectNamed(own, name ?? '')
  if (found) return found
  const valid = own.map((project) => project.name).join(', ')
  throw new AppError(
    'LoginFailed',
    `auth.scope.project: got ${JSON.stringify((id || name || '').slice(0, 80))}; valid: ${valid || 'none, for this user is in no project'}`,
  )
}

/** The token of X-Subject-Token: one's own, or as an administrator anybody's. Throws AppError TokenNotFound. */
function subjectToken({ identity }: ApiParts, context: ApiContext): { text: string; token: Token } {
  const text = context.req.header('x-subject-token') ?? ''
  const principal = context.get('principal')
  const token = readToken(identity.now().keys, text)
  const isTheirs = token?.userId === principal.userId || principal.administrator
  if (token && isTheirs && proveToken(identity.now(), text).ok) return { text, token }
  throw new AppError(
    'TokenNotFound',
    'X-Subject-Token: got no token that holds; valid: a token of the caller',
  )
}

function answerOf(
  { identity, addresses }: ApiParts,
  context: ApiContext,
  token: Token,
  { catalog, region = addresses.region }: { catalog: boolean; region?: string },
): TokenAnswer {
  const { directory } = identity
  const { userId, projectId, methods, issuedAtMs, expiresAtMs, id } = token
  const role = projectId === null ? undefined : directory.role(userId, projectId)
  const project = projectId === null ? undefined : directory.project(projectId)
  return {
    token: {
      methods: [...methods],
      issued_at: iamTime(issuedAtMs),
      expires_at: iamTime(expiresAtMs),
      audit_ids: [id],
      user: { id: userId, name: directory.user(userId)?.name ?? '', domain: DOMAIN, password_expires_at: '' },
      ...(project ? { project: { id: project.id, name: project.name, domain: DOMAIN } } : { domain: DOMAIN }),
      roles: role === undefined ? [] : [{ id: role, name: role }],
      ...(catalog ? { catalog: catalogOf(addresses, context, projectId, region) } : {}),
    },
  }
}
