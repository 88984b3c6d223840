// Members of a project, for administrators and for admins of the project, who learn nothing of users elsewhere.
import { AppError } from '../../api/error.ts'
import type { IdentityMember } from '../../api/identity.ts'
import type { Project, User } from '../../auth/identity.ts'
import type { Role } from '../../auth/principal.ts'
import { type Rate, RateLimiter } from '../../auth/rate-limit.ts'
import { tooMany } from '../gate.ts'
import type { Handlers } from '../handlers.ts'
import type { ApiContext, ApiParts } from '../parts.ts'
import { findProject, findUser, memberOf, noUser } from './find.ts'

type Names = 'listMembers' | 'setMember' | 'removeMember'

/** Users that a project's admin names and that are not there: some at once, then one every so often. */
const GUESSES: Rate = { burst: 20, perSecond: 1 / 60 }

export const memberHandlers = (parts: ApiParts): Handlers<Names> => {
  const { identity, audit } = parts
  const guesses = new RateLimiter(GUESSES)
  const by = (context: ApiContext): string => context.get('principal').userName
  return {
    listMembers: ({ context }) => {
      const { id } = lookedAfter(parts, context)
      const members = identity.directory.members(id).map(({ user, role }) => bodyOf(user, role))
      return { total: members.length, members }
    },
    setMember: async ({ context, body: { role } }) => {
      const project = lookedAfter(parts, context)
      const user = candidate(parts, guesses, context, project)
      await identity.change((store) => store.setMember({ userId: user.id, projectId: project.id, role }))
      audit('member set', by(context), { project: project.name, user: user.name, role })
      return bodyOf(user, role)
    },
    removeMember: async ({ context }) => {
      const project = lookedAfter(parts, context)
      const text = context.req.param('user') ?? ''
      const user = memberOf(identity.directory, project.id, text)
      const isGone = user && (await identity.change((store) => store.removeMember(user.id, project.id)))
      // Of nobody and of somebody who is elsewhere alike.
      if (!isGone) throw noUser(text, `a member of ${project.name}`)
      audit('member removed', by(context), { project: project.name, user: user.name })
      return context.body(null, 204)
    },
  }
}

const bodyOf = (user: User, role: Role): IdentityMember => ({
  ...{ user_id: user.id, user_name: user.name, role, enabled: user.enabled },
})

/** The project a path names; for who may not look after it as if it were not there. Throws AppError ProjectNotFound. */
function lookedAfter({ identity }: ApiParts, context: ApiContext): Project {
  const { administrator, projectId, role } = context.get('principal')
  const text = context.req.param('anyproject') ?? ''
  const own = role === 'admin' ? identity.directory.project(projectId) : undefined
  if (administrator) return findProject(identity.directory, text)
  if (own && (own.id === text || own.name === text)) return own
  throw new AppError(
    'ProjectNotFound',
    `project: got ${JSON.stringify(text.slice(0, 80))}; valid: a project that you are admin of`,
  )
}

/**
 * Who shall be a member. A project's admin has to know the name of one who is none yet: ids are answered as if they were
 * nobody's, and names are not found by trying many. Throws AppError UserNotFound or TooManyRequests.
 */
function candidate(
  { identity, clock }: ApiParts,
  guesses: RateLimiter,
  context: ApiContext,
  project: Project,
): User {
  const { administrator, userId } = context.get('principal')
  const text = context.req.param('user') ?? ''
  if (administrator) return findUser(identity.directory, text)
  const known = memberOf(identity.directory, project.id, text)
  if (known) return known
  const waitMs = guesses.take(userId, clock.now().getTime())
  if (waitMs > 0) throw tooMany('user: too many that are not there', waitMs)
  const found = identity.directory.userNamed(text)
  if (found === undefined) throw noUser(text, 'the name of a user')
  guesses.give(userId)
  return found
}
