// May this caller make this call? The route says what it takes; the principal says who they are and where.
import { AppError } from '../api/error.ts'
import { ROLES, type Route } from '../api/route.ts'
import { wrongProject } from '../auth/authenticate.ts'
import type { Principal } from '../auth/principal.ts'

/** Throws AppError Forbidden or TokenProjectIdNotMatch. `project` is the one in the path, where there is one. */
export function allow(route: Route, principal: Principal, project: string | undefined): void {
  if (route.role === 'open') return
  if (project !== undefined && project !== principal.projectId)
    throw refuseProject('The project in the path', project, principal)
  if (route.role === 'known') return
  if (route.role === 'administrator') {
    if (principal.administrator) return
    throw new AppError(
      'Forbidden',
      `${route.permission}: ${principal.userName} is no administrator of this installation`,
    )
  }
  const { role, userName } = principal
  if (role !== null && ROLES.indexOf(role) >= ROLES.indexOf(route.role)) return
  throw new AppError(
    'Forbidden',
    `${route.permission}: ${userName} is ${role ?? 'nobody'} in this project; valid: ${ROLES.slice(ROLES.indexOf(route.role)).join(', ')}`,
  )
}

/** Whether the other project exists is not told. */
export const refuseProject = (where: string, asked: string, principal: Principal): AppError =>
  new AppError(
    principal.proof.kind === 'token' ? 'TokenProjectIdNotMatch' : 'Forbidden',
    wrongProject(where, asked, principal),
  )
