// Users, for administrators.
import { AppError } from '../../api/error.ts'
import type { IdentityUser } from '../../api/identity.ts'
import type { Directory } from '../../auth/directory.ts'
import type { User, UserChange } from '../../auth/identity.ts'
import type { Handlers } from '../handlers.ts'
import type { ApiContext, ApiParts } from '../parts.ts'
import { findProject, findUser } from './find.ts'
import { newPassword } from './new-password.ts'

type Names = 'listUsers' | 'addUser' | 'changeUser' | 'removeUser' | 'whoAmI'

export const userHandlers = ({ identity, audit }: ApiParts): Handlers<Names> => {
  const named = (context: ApiContext): User => findUser(identity.directory, context.req.param('user') ?? '')
  const by = (context: ApiContext): string => context.get('principal').userName
  return {
    whoAmI: ({ context }) => {
      const { userId, userName, administrator, projectId, role, proof, expiresAtMs } =
        context.get('principal')
      return {
        ...{ user_id: userId, user_name: userName, administrator, project_id: projectId, role },
        project_name: identity.directory.project(projectId)?.name ?? '',
        ...{ proof: proof.kind, expire_time: expiresAtMs },
      }
    },
    listUsers: () => {
      const users = identity.directory.users.map((user) => bodyOf(identity.directory, user))
      return { total: users.length, users }
    },
    addUser: async ({ context, body }) => {
      const { name, administrator, role } = body
      const project = body.project === undefined ? null : findProject(identity.directory, body.project)
      const passwordHash = body.password === undefined ? null : await newPassword('password', body.password)
      const user = await identity.change(async (store) => {
        const made = await store.addUser({ name, administrator, passwordHash })
        if (made === 'taken')
          throw new AppError('NameTaken', `name: got ${JSON.stringify(name)}; valid: a name that no user has`)
        if (project) await store.setMember({ userId: made.id, projectId: project.id, role })
        return made
      })
      audit('user added', by(context), { user: name, administrator, project: project?.name ?? null })
      return bodyOf(identity.directory, user)
    },
    changeUser: async ({ context, body }) => {
      const user = named(context)
      const { enabled, administrator, password } = body
      if (enabled === false || administrator === false) keepOne(identity.directory, user)
      const passwordHash = typeof password === 'string' ? await newPassword('password', password) : password
      const change: UserChange = {
        ...(enabled === undefined ? {} : { enabled }),
        ...(administrator === undefined ? {} : { administrator }),
        ...(passwordHash === undefined ? {} : { passwordHash }),
      }
      await identity.change((store) => store.changeUser(user.id, change))
      const { passwordHash: _, ...shown } = change
      audit('user changed', by(context), { user: user.name, ...shown, password: password !== undefined })
      return bodyOf(identity.directory, findUser(identity.directory, user.id))
    },
    removeUser: async ({ context }) => {
      const user = named(context)
      keepOne(identity.directory, user)
      await identity.change((store) => store.removeUser(user.id))
      audit('user removed', by(context), { user: user.name })
      return context.body(null, 204)
    },
  }
}

/** Somebody has to be able to look after the rest. Throws AppError IdentityInUse. */
function keepOne(directory: Directory, user: User): void {
  const others = directory.users.filter((one) => one.administrator && one.enabled && one.id !== user.id)
  if (user.administrator && user.enabled && others.length === 0)
    throw new AppError(
      'IdentityInUse',
      `user: ${user.name} is the only administrator; valid: another one has to be there first`,
    )
}

function bodyOf(directory: Directory, user: User): IdentityUser {
  const { id, name, enabled, administrator, passwordHash, createdAtMs } = user
  const projects = directory.projects.flatMap((project) => {
    const role = directory.role(id, project.id)
    return role === undefined ? [] : [{ id: project.id, name: project.name, role }]
  })
  return {
    id,
    name,
    enabled,
    administrator,
    has_password: passwordHash !== null,
    create_time: createdAtMs,
    projects,
  }
}
