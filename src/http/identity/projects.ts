// Projects, for administrators.
import { AppError } from '../../api/error.ts'
import type { IdentityProject } from '../../api/identity.ts'
import type { Directory } from '../../auth/directory.ts'
import type { Project } from '../../auth/identity.ts'
import type { Handlers } from '../handlers.ts'
import type { ApiContext, ApiParts } from '../parts.ts'
import { findProject } from './find.ts'

type Names = 'listAllProjects' | 'addProject' | 'changeProject' | 'removeProject'

export const projectHandlers = ({
  identity,
  audit,
  hasBuckets,
  firstProjectId,
}: ApiParts): Handlers<Names> => {
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
