// What clients of IAM look up before and after they have a token: versions, services, projects, users.
import { AppError } from '../../api/error.ts'
import type { Project, User } from '../../auth/identity.ts'
import { projectNamed } from '../../auth/project-name.ts'
import type { Handlers } from '../handlers.ts'
import type { ApiContext, ApiParts } from '../parts.ts'
import { DOMAIN, projectBody, projectList } from './bodies.ts'
import { apiAddress, catalogOf } from './catalog.ts'

type Names =
  | 'showIdentityVersion'
  | 'showCatalog'
  | 'listAuthProjects'
  | 'listAuthDomains'
  | 'listProjects'
  | 'showProject'
  | 'listUserProjects'
  | 'showUser'

export const lookupHandlers = (parts: ApiParts): Handlers<Names> => {
  const { identity, addresses } = parts
  const api = (context: ApiContext): string => apiAddress(addresses, context)
  return {
    showIdentityVersion: ({ context }) => ({ version: versionOf(`${api(context)}/v3/`) }),
    showCatalog: ({ context }) => {
      const { projectId } = context.get('principal')
      const self = `${api(context)}/v3/auth/catalog`
      return { catalog: catalogOf(addresses, context, projectId || null, addresses.region), links: { self } }
    },
    listAuthProjects: ({ context }) => projectList(reachable(parts, context), api(context)),
    listAuthDomains: ({ context }) => {
      const self = `${api(context)}/v3/auth/domains`
      const domain = { ...DOMAIN, description: '', enabled: true, links: { self: `${self}/${DOMAIN.id}` } }
      return { domains: [domain], links: { self, previous: null, next: null } }
    },
    listProjects: ({ context, query }) => {
      const all = reachable(parts, context)
      const found =
        query.name === undefined ? all : [projectNamed(all, query.name)].filter((one) => one !== undefined)
      return projectList(found, api(context))
    },
    showProject: ({ context }) => {
      const id = context.req.param('anyproject') ?? ''
      const found = reachable(parts, context).find((project) => project.id === id)
      if (found) return { project: projectBody(found, api(context)) }
      throw new AppError(
        'ProjectNotFound',
        `project_id: got ${JSON.stringify(id.slice(0, 80))}; valid: a project of the caller`,
      )
    },
    listUserProjects: ({ context }) => {
      const user = userOf(parts, context)
      const own = user.id === context.get('principal').userId
      return projectList(
        own ? reachable(parts, context) : identity.directory.projectsOf(user.id),
        api(context),
      )
    },
    showUser: ({ context }) => {
      const { id, name, enabled } = userOf(parts, context)
      const links = { self: `${api(context)}/v3/users/${id}` }
      return { user: { id, name, domain_id: DOMAIN.id, enabled, password_expires_at: '', links } }
    },
  }
}

const versionOf = (href: string) => ({
  ...{ id: 'v3.14', status: 'stable', updated: '2020-04-07T00:00:00Z' },
  links: [{ rel: 'self', href }],
  'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
})

/** A key opens one project, a token those that its user may get a token for. */
function reachable({ identity }: ApiParts, context: ApiContext): readonly Project[] {
  const { userId, projectId, proof } = context.get('principal')
  const own = identity.directory.projectsOf(userId)
  return proof.kind === 'token' ? own : own.filter(({ id }) => id === projectId)
}

/** The user a path names: oneself, or for an administrator anybody. Throws AppError UserNotFound. */
export function userOf(
  { identity }: Pick<ApiParts, 'identity'>,
  context: ApiContext,
  id = context.req.param('user') ?? '',
): User {
  const { userId, administrator } = context.get('principal')
  const user = identity.directory.user(id)
  if (user && (user.id === userId || administrator)) return user
  const valid = administrator ? 'the id of a user' : 'the own id'
  throw new AppError('UserNotFound', `user_id: got ${JSON.stringify(id.slice(0, 80))}; valid: ${valid}`)
}

/** The same by name or id. */
export const userByText = (parts: Pick<ApiParts, 'identity'>, context: ApiContext, text: string): User =>
  userOf(parts, context, parts.identity.directory.userNamed(text)?.id ?? text)
