// Users and projects as people name them: by name, or by id.
import { AppError } from '../../api/error.ts'
import type { Directory } from '../../auth/directory.ts'
import type { Project, User } from '../../auth/identity.ts'

/** Throws AppError UserNotFound. */
export function findUser(directory: Directory, text: string): User {
  const found = directory.userNamed(text) ?? directory.user(text)
  if (found) return found
  throw noUser(text, 'name or id of a user')
}

export const noUser = (text: string, valid: string): AppError =>
  new AppError('UserNotFound', `user: got ${JSON.stringify(text.slice(0, 80))}; valid: ${valid}`)

/** Throws AppError ProjectNotFound. */
export function findProject(directory: Directory, text: string): Project {
  const found = directory.projectNamed(text) ?? directory.project(text)
  if (found) return found
  throw new AppError(
    'ProjectNotFound',
    `project: got ${JSON.stringify(text.slice(0, 80))}; valid: name or id of a project`,
  )
}

/** The name that jobs and quotas have of a user who is given by name or id; of nobody's the text itself. */
export const userNameOf = (directory: Directory, text: string): string =>
  (directory.userNamed(text) ?? directory.user(text))?.name ?? text

/** The member of a project by name or id. */
export function memberOf(directory: Directory, projectId: string, text: string): User | undefined {
  const name = userNameOf(directory, text)
  return directory.members(projectId).find(({ user }) => user.name === name)?.user
}
