// Users, projects, members and access keys, for administrators and for who looks after their own keys.
import { z } from 'zod'
import { ROLES } from './route.ts'

const role = z.enum(ROLES)
const userName = z
  .string()
  .regex(/^[\p{L}\p{N}_.@-]{1,64}$/u, 'must be 1 to 64 letters, digits, "_", ".", "@" or "-"')
const projectName = z.string().regex(/^[\p{L}\p{N}_-]{1,64}$/u, 'must be 1 to 64 letters, digits, "_" or "-"')
/** Of somebody or something that is there already: longer ones are nobody's. Characters count as for new names. */
export const nameOrId = z.string().regex(/^[\s\S]{0,64}$/u, 'must be at most 64 characters')
const description = z.string().max(255, 'must be at most 255 characters')
const seconds = z
  .number()
  .int()
  .min(1, 'must be at least 1')
  .max(10 * 365 * 86_400, 'must be at most ten years')

/** Who a request comes from. */
export const whoAmI = z.object({
  user_id: z.string(),
  user_name: z.string(),
  administrator: z.boolean(),
  /** Empty for a token of the whole domain. */
  project_id: z.string(),
  project_name: z.string(),
  role: role.nullable(),
  /** What proved it. */
  proof: z.enum(['key', 'temporary', 'token']),
  /** Milliseconds; null: it does not end. */
  expire_time: z.number().nullable(),
})
export type WhoAmI = z.infer<typeof whoAmI>

export const identityUser = z.object({
  id: z.string(),
  name: z.string(),
  enabled: z.boolean(),
  administrator: z.boolean(),
  has_password: z.boolean(),
  /** Milliseconds. */
  create_time: z.number(),
  projects: z.array(z.object({ id: z.string(), name: z.string(), role })),
})
export type IdentityUser = z.infer<typeof identityUser>
export const identityUserList = z.object({ total: z.number(), users: z.array(identityUser) })
export type IdentityUserList = z.infer<typeof identityUserList>
export const userAdd = z.object({
  name: userName,
  password: z.string().optional(),
  administrator: z.boolean().default(false),
  /** Name or id of a project to be a member of at once. */
  project: nameOrId.optional(),
  role: role.default('user'),
})
/** `password` null takes it away: the user then has access keys only. */
export const userChange = z.object({
  enabled: z.boolean().optional(),
  administrator: z.boolean().optional(),
  password: z.string().nullable().optional(),
})

export const identityProject = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  enabled: z.boolean(),
  create_time: z.number(),
  members: z.number(),
})
export type IdentityProject = z.infer<typeof identityProject>
export const identityProjectList = z.object({ total: z.number(), projects: z.array(identityProject) })
export type IdentityProjectList = z.infer<typeof identityProjectList>
export const projectAdd = z.object({ name: projectName, description: description.default('') })
export const projectChange = z.object({
  enabled: z.boolean().optional(),
  description: description.optional(),
})

export const identityMember = z.object({
  user_id: z.string(),
  user_name: z.string(),
  role,
  enabled: z.boolean(),
})
export type IdentityMember = z.infer<typeof identityMember>
export const identityMemberList = z.object({ total: z.number(), members: z.array(identityMember) })
export type IdentityMemberList = z.infer<typeof identityMemberList>
export const memberPut = z.object({ role })

export const identityKey = z.object({
  access_key: z.string(),
  user_id: z.string(),
  user_name: z.string(),
  project_id: z.string(),
  project_name: z.string(),
  description: z.string(),
  enabled: z.boolean(),
  create_time: z.number(),
  expire_time: z.number().nullable(),
  /** To the minute; null: never. */
  last_use_time: z.number().nullable(),
})
export type IdentityKey = z.infer<typeof identityKey>
export const identityKeyList = z.object({ total: z.number(), keys: z.array(identityKey) })
export type IdentityKeyList = z.infer<typeof identityKeyList>
/** The one answer that holds the secret. */
export const identityKeyMade = identityKey.extend({ secret_key: z.string() })
export type IdentityKeyMade = z.infer<typeof identityKeyMade>
export const keyQuery = z.object({ user: nameOrId.optional(), project: nameOrId.optional() })
export const keyAdd = z.object({
  /** Name or id; without it the caller. */
  user: nameOrId.optional(),
  /** Name or id; without it the caller's, or the user's only one. */
  project: nameOrId.optional(),
  description: description.default(''),
  expires_in_s: seconds.optional(),
})
/** `expires_in_s` null: never. */
export const keyChange = z.object({
  enabled: z.boolean().optional(),
  description: description.optional(),
  expires_in_s: seconds.nullable().optional(),
})
/** The old key goes on for so long; 0: it is gone at once. */
export const keyRotate = z.object({ overlap_s: z.number().int().min(0, 'must be at least 0').default(0) })
