// Users and projects as people name them: by name, or by id.
import { AppError } from '../../api/error.ts'
import type { Directory } from '../../auth/directory.ts'
import type { Project, User } from '../../auth/identity.ts'

/** Throws AppError UserNotFound. */
export function findUser(directory: Directory, text: string): User {
  const found = directory.userNamed(text) ?? directory.user(text)
  if (found) return found
  throw new AppError(
    'UserNotFound',
    `user: got ${JSON.stringify(text.slice(0, 80))}; valid: name or id of a user`,
  )
}

/** Throws AppError ProjectNotFound. */
export function findProject(directory: Directory, text: string): Project {
  const found = directory.projectNamed(text) ?? directory.project(text)
  if (found) return found
  throw new AppError(
    'ProjectNotFound',
    `project: got ${JSON.stringify(text.slice(0, 80))}; valid: name or id of a project`,
  )
}
