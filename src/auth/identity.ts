// Users, projects, memberships and access keys: what there is, and what is asked of the rows that keep them.
import type { Role } from './principal.ts'

export type User = {
  readonly id: string
  readonly name: string
  readonly enabled: boolean
  readonly administrator: boolean
  /** As src/auth/password.ts writes it; null: the user has access keys only. */
  readonly passwordHash: string | null
  /** Grows when the user is disabled or the password changes: tokens and temporary keys from before are void. */
  readonly epoch: number
  readonly createdAtMs: number
}

export type Project = {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly enabled: boolean
  readonly createdAtMs: number
}

export type Membership = { readonly userId: string; readonly projectId: string; readonly role: Role }

/** A key opens one project, with the role that its user has there at that moment. */
export type AccessKey = {
  readonly accessKey: string
  readonly secret: string
  readonly userId: string
  readonly projectId: string
  readonly description: string
  readonly enabled: boolean
  readonly createdAtMs: number
  /** null: never. */
  readonly expiresAtMs: number | null
  /** Kept to the minute; null: not yet. */
  readonly lastUsedAtMs: number | null
}

/** Everything at one moment. */
export type IdentitySnapshot = {
  readonly users: readonly User[]
  readonly projects: readonly Project[]
  readonly memberships: readonly Membership[]
  readonly keys: readonly AccessKey[]
  /** Ids of tokens that were given back before their time. */
  readonly revokedTokens: readonly string[]
}

export type UserChange = Partial<Pick<User, 'enabled' | 'administrator' | 'passwordHash'>>
export type ProjectChange = Partial<Pick<Project, 'enabled' | 'description'>>
export type KeyChange = Partial<Pick<AccessKey, 'enabled' | 'description' | 'expiresAtMs'>>
export type NewKey = Pick<AccessKey, 'userId' | 'projectId' | 'description' | 'expiresAtMs'>

/** Each call is one transaction. `taken`: somebody has the name. */
export interface IdentityStore {
  read(): Promise<IdentitySnapshot>
  addUser(user: Pick<User, 'name' | 'administrator' | 'passwordHash'>): Promise<User | 'taken'>
  /** A disabled user or another password makes the epoch grow. */
  changeUser(id: string, change: UserChange): Promise<boolean>
  removeUser(id: string): Promise<boolean>
  addProject(project: Pick<Project, 'name' | 'description'>): Promise<Project | 'taken'>
  changeProject(id: string, change: ProjectChange): Promise<boolean>
  /** `used`: it still has jobs. */
  removeProject(id: string): Promise<'removed' | 'used' | 'unknown'>
  /** Adds a member or changes the role. */
  setMember(membership: Membership): Promise<void>
  removeMember(userId: string, projectId: string): Promise<boolean>
  addKey(key: NewKey): Promise<AccessKey>
  changeKey(accessKey: string, change: KeyChange): Promise<boolean>
  removeKey(accessKey: string): Promise<boolean>
  /** Access key → when it was last used, in ms. */
  noteUse(uses: ReadonlyMap<string, number>): Promise<void>
  /** Makes a token void; forgotten once it would have expired anyway. */
  revokeToken(id: string, expiresAtMs: number): Promise<void>
}
