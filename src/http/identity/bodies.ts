// Users, projects and keys in the shapes of IAM.
import type { Credential, IamProject } from '../../api/iam.ts'
import type { AccessKey, Project } from '../../auth/identity.ts'

/** There is one domain; whatever name clients send for theirs is taken for it. */
export const DOMAIN = { id: 'default', name: 'default' } as const

/** `2026-03-01T12:00:00.000000Z`: Huawei's SDK reads microseconds. */
export const iamTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z')

export const projectBody = ({ id, name, description, enabled }: Project, api: string): IamProject => ({
  ...{ id, name, description, enabled, domain_id: DOMAIN.id, parent_id: DOMAIN.id, is_domain: false },
  links: { self: `${api}/v3/projects/${id}` },
})

export const projectList = (projects: readonly Project[], api: string) => ({
  projects: projects.map((project) => projectBody(project, api)),
  links: { self: `${api}/v3/projects`, previous: null, next: null },
})

export const credentialBody = (key: AccessKey): Credential => ({
  access: key.accessKey,
  user_id: key.userId,
  project_id: key.projectId,
  description: key.description,
  status: key.enabled ? 'active' : 'inactive',
  create_time: iamTime(key.createdAtMs),
  ...(key.lastUsedAtMs === null ? {} : { last_use_time: iamTime(key.lastUsedAtMs) }),
})
