// Projects for administrators, and their members for administrators and admins of the project.
import { AppError } from '../../api/error.ts'
import type { IdentityMember, IdentityProject } from '../../api/identity.ts'
import type { Directory } from '../../auth/directory.ts'
import type { Project, User } from '../../auth/identity.ts'
import type { Role } from '../../auth/principal.ts'
import type { Handlers } from '../handlers.ts'
import type { ApiContext, ApiParts } from '../parts.ts'
import { findProject, findUser } from './find.ts'

type Names =
  | 'listAllProjects'
  | 'addProject'
  | 'changeProject'
  | 'removeProject'
  | 'listMembers'
  | 'setMember'
  | 'removeMember'

export const projectHandlers = (parts: ApiParts): Handlers<Names> => ({
  ...ownHandlers(parts),
  ...memberHandlers(parts),
})

type OwnNames = 'listAllProjects' | 'addProject' | 'changeProject' | 'removeProject'

const ownHandlers = ({ identity, audit, hasBuckets, firstProjectId }: ApiParts): Handlers<OwnNames> => {
  const named = (context: ApiContext): Project =>
    findProject(identity.directory, context.req.param('anyproject') ?? '')
  const by = (context: ApiContext): string => context.get('principal').userName
  const keepFirst = ({ id, name }: Project, what: string): void => {
    if (id === firstProjectId)
      throw new AppError(
        'IdentityInUse',
        `project: ${name} is the one that the server began with and cannot be ${what}`,
      )
  }
  return {
    listAllProjects: () => {
      const projects = identity.directory.projects.map((project) => bodyOf(identity.directory, project))
      return { total: projects.length, projects }
    },
    addProject: async ({ context, body }) => {
      const made = await identity.change((store) => store.addProject(body))
      if (made === 'taken')
        throw new AppError(
          'NameTaken',
          `name: got ${JSON.stringify(body.name)}; valid: a name that no project has`,
        )
      audit('project added', by(context), { project: made.name })
      return bodyOf(identity.directory, made)
    },
    changeProject: async ({ context, body: { enabled, description } }) => {
      const project = named(context)
      if (enabled === false) keepFirst(project, 'disabled')
      const change = {
        ...(enabled === undefined ? {} : { enabled }),
        ...(description === undefined ? {} : { description }),
      }
      await identity.change((store) => store.changeProject(project.id, change))
      audit('project changed', by(context), { project: project.name, ...change })
      return bodyOf(identity.directory, findProject(identity.directory, project.id))
    },
    removeProject: async ({ context }) => {
      const project = named(context)
      keepFirst(project, 'removed')
      const used = (what: string): AppError =>
        new AppError(
          'IdentityInUse',
          `project: ${project.name} still has ${what}; valid: a project whose ${what} are deleted, or disable it`,
        )
      if (await hasBuckets(project.id)) throw used('buckets')
      const result = await identity.change((store) => store.removeProject(project.id))
      if (result === 'used') throw used('jobs')
      audit('project removed', by(context), { project: project.name })
      return context.body(null, 204)
    },
  }
}

const bodyOf = (directory: Directory, project: Project): IdentityProject => ({
  id: project.id,
  name: project.name,
  description: project.description,
  enabled: project.enabled,
  create_time: project.createdAtMs,
  members: directory.members(project.id).length,
})

type MemberNames = 'listMembers' | 'setMember' | 'removeMember'

const memberHandlers = ({ identity, audit }: ApiParts): Handlers<MemberNames> => {
  const member = (user: User, role: Role): IdentityMember => ({
    ...{ user_id: user.id, user_name: user.name, role, enabled: user.enabled },
  })
  /** Who may not look after it is answered as if it were not there. */
  const lookedAfter = (context: ApiContext): Project => {
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
  const by = (context: ApiContext): string => context.get('principal').userName
  return {
    listMembers: ({ context }) => {
      const { id } = lookedAfter(context)
      const members = identity.directory.members(id).map(({ user, role }) => member(user, role))
      return { total: members.length, members }
    },
    setMember: async ({ context, body: { role } }) => {
      const project = lookedAfter(context)
      const user = findUser(identity.directory, context.req.param('user') ?? '')
      await identity.change((store) => store.setMember({ userId: user.id, projectId: project.id, role }))
      audit('member set', by(context), { project: project.name, user: user.name, role })
      return member(user, role)
    },
    removeMember: async ({ context }) => {
      const project = lookedAfter(context)
      const user = findUser(identity.directory, context.req.param('user') ?? '')
      if (!(await identity.change((store) => store.removeMember(user.id, project.id))))
        throw new AppError(
          'UserNotFound',
          `user: got ${JSON.stringify(user.name)}; valid: a member of ${project.name}`,
        )
      audit('member removed', by(context), { project: project.name, user: user.name })
      return context.body(null, 204)
    },
  }
}
