// Users, projects, members and access keys, as calls of a client.
import type { z } from 'zod'
import {
  type IdentityKey,
  type IdentityKeyList,
  type IdentityKeyMade,
  type IdentityMember,
  type IdentityMemberList,
  type IdentityProject,
  type IdentityProjectList,
  type IdentityUser,
  type IdentityUserList,
  identityKey,
  identityKeyList,
  identityKeyMade,
  identityMember,
  identityMemberList,
  identityProject,
  identityProjectList,
  identityUser,
  identityUserList,
  type keyAdd,
  type keyChange,
  type projectAdd,
  type projectChange,
  type userAdd,
  type userChange,
  type WhoAmI,
  whoAmI,
} from '../api/identity.ts'
import type { Role } from '../api/route.ts'
import type { RouteName } from '../api/routes.ts'

/** One call whose answer is read by a schema; null: whose answer is empty. */
export type Ask = <T>(
  name: RouteName,
  params: Readonly<Record<string, string>>,
  schema: z.ZodType<T> | null,
  options: {
    readonly query?: Record<string, string | number | undefined>
    readonly body?: unknown
    readonly signal?: AbortSignal | undefined
  },
) => Promise<T>

/** Users and projects are named by name or id. */
export type IdentityCalls = ReturnType<typeof identityCalls>

export const identityCalls = (ask: Ask) => ({
  whoAmI: (signal?: AbortSignal): Promise<WhoAmI> => ask('whoAmI', {}, whoAmI, { signal }),

  users: (signal?: AbortSignal): Promise<IdentityUserList> =>
    ask('listUsers', {}, identityUserList, { signal }),
  addUser: (body: z.input<typeof userAdd>, signal?: AbortSignal): Promise<IdentityUser> =>
    ask('addUser', {}, identityUser, { body, signal }),
  changeUser: (user: string, body: z.input<typeof userChange>, signal?: AbortSignal): Promise<IdentityUser> =>
    ask('changeUser', { user }, identityUser, { body, signal }),
  removeUser: (user: string, signal?: AbortSignal): Promise<unknown> =>
    ask('removeUser', { user }, null, { signal }),

  projects: (signal?: AbortSignal): Promise<IdentityProjectList> =>
    ask('listAllProjects', {}, identityProjectList, { signal }),
  addProject: (body: z.input<typeof projectAdd>, signal?: AbortSignal): Promise<IdentityProject> =>
    ask('addProject', {}, identityProject, { body, signal }),
  changeProject: (
    project: string,
    body: z.input<typeof projectChange>,
    signal?: AbortSignal,
  ): Promise<IdentityProject> =>
    ask('changeProject', { anyproject: project }, identityProject, { body, signal }),
  removeProject: (project: string, signal?: AbortSignal): Promise<unknown> =>
    ask('removeProject', { anyproject: project }, null, { signal }),

  members: (project: string, signal?: AbortSignal): Promise<IdentityMemberList> =>
    ask('listMembers', { anyproject: project }, identityMemberList, { signal }),
  setMember: (project: string, user: string, role: Role, signal?: AbortSignal): Promise<IdentityMember> =>
    ask('setMember', { anyproject: project, user }, identityMember, { body: { role }, signal }),
  removeMember: (project: string, user: string, signal?: AbortSignal): Promise<unknown> =>
    ask('removeMember', { anyproject: project, user }, null, { signal }),

  keys: (
    query: { user?: string | undefined; project?: string | undefined } = {},
    signal?: AbortSignal,
  ): Promise<IdentityKeyList> => ask('listKeys', {}, identityKeyList, { query, signal }),
  addKey: (body: z.input<typeof keyAdd>, signal?: AbortSignal): Promise<IdentityKeyMade> =>
    ask('addKey', {}, identityKeyMade, { body, signal }),
  changeKey: (key: string, body: z.input<typeof keyChange>, signal?: AbortSignal): Promise<IdentityKey> =>
    ask('changeKey', { key }, identityKey, { body, signal }),
  removeKey: (key: string, signal?: AbortSignal): Promise<unknown> =>
    ask('removeKey', { key }, null, { signal }),
  /** The old key goes on for `overlapS` seconds. */
  rotateKey: (key: string, overlapS: number, signal?: AbortSignal): Promise<IdentityKeyMade> =>
    ask('rotateKey', { key }, identityKeyMade, { body: { overlap_s: overlapS }, signal }),
})
