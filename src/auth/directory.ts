// The identities of one moment, for looking up while a request waits. Never changed: a newer snapshot makes a new one.
import type { AccessKey, IdentitySnapshot, Project, User } from './identity.ts'
import type { Role } from './principal.ts'

export type Directory = {
  user(id: string): User | undefined
  userNamed(name: string): User | undefined
  project(id: string): Project | undefined
  projectNamed(name: string): Project | undefined
  role(userId: string, projectId: string): Role | undefined
  /** The enabled projects a user is a member of, by name. */
  projectsOf(userId: string): readonly Project[]
  members(projectId: string): readonly { readonly user: User; readonly role: Role }[]
  key(accessKey: string): AccessKey | undefined
  isRevoked(tokenId: string): boolean
  readonly users: readonly User[]
  readonly projects: readonly Project[]
  readonly keys: readonly AccessKey[]
}

/** Indexes a snapshot. */
export function directoryOf(snapshot: IdentitySnapshot): Directory {
  const users = new Map(snapshot.users.map((user) => [user.id, user]))
  const usersByName = new Map(snapshot.users.map((user) => [user.name, user]))
  const projects = new Map(snapshot.projects.map((project) => [project.id, project]))
  const projectsByName = new Map(snapshot.projects.map((project) => [project.name, project]))
  const keys = new Map(snapshot.keys.map((key) => [key.accessKey, key]))
  const revoked = new Set(snapshot.revokedTokens)
  const roles = new Map<string, Map<string, Role>>()
  for (const { userId, projectId, role } of snapshot.memberships) {
    const ofUser = roles.get(userId) ?? new Map<string, Role>()
    roles.set(userId, ofUser.set(projectId, role))
  }
  return {
    user: (id) => users.get(id),
    userNamed: (name) => usersByName.get(name),
    project: (id) => projects.get(id),
    projectNamed: (name) => projectsByName.get(name),
    role: (userId, projectId) => roles.get(userId)?.get(projectId),
    projectsOf: (userId) => {
      const mine = roles.get(userId)
      return snapshot.projects.filter(({ id, enabled }) => enabled && mine?.has(id))
    },
    members: (projectId) =>
      snapshot.users.flatMap((user) => {
        const role = roles.get(user.id)?.get(projectId)
        return role === undefined ? [] : [{ user, role }]
      }),
    key: (accessKey) => keys.get(accessKey),
    isRevoked: (tokenId) => revoked.has(tokenId),
    users: snapshot.users,
    projects: snapshot.projects,
    keys: snapshot.keys,
  }
}
