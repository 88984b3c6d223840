// The part of Huawei Cloud's IAM (Keystone v3) that clients of ModelArts use: tokens, projects, keys.
import { z } from 'zod'
import { nameOrId } from './identity.ts'

const named = z.looseObject({ id: nameOrId.nullish(), name: nameOrId.nullish() })
/** A region's name may stand before it. */
const projectName = z.string().max(256, 'must be at most 256 characters')

/** Body of `POST /v3/auth/tokens`. There is one domain, so whatever is sent as one is that. */
export const tokenRequest = z.looseObject({
  auth: z.looseObject({
    identity: z.looseObject({
      methods: z.array(z.string()).min(1, 'must name password or token'),
      password: z
        .looseObject({
          user: z.looseObject({
            ...named.shape,
            domain: named.nullish(),
            password: z.string().max(1024, 'must be at most 1024 characters'),
          }),
        })
        .nullish(),
      token: z.looseObject({ id: z.string() }).nullish(),
    }),
    scope: z
      .union([
        z.literal('unscoped'),
        z.looseObject({
          project: z
            .looseObject({ id: nameOrId.nullish(), name: projectName.nullish(), domain: named.nullish() })
            .nullish(),
          domain: named.nullish(),
        }),
      ])
      .nullish(),
  }),
})
export type TokenRequest = z.infer<typeof tokenRequest>

/** Of `POST` and `GET /v3/auth/tokens`. Any value leaves the catalog out, as in Keystone. */
export const tokenQuery = z.object({ nocatalog: z.string().optional() })

const reference = z.object({ id: z.string(), name: z.string() })
const domainReference = reference

export const catalogEntry = z.object({
  id: z.string(),
  type: z.string(),
  name: z.string(),
  endpoints: z.array(
    z.object({
      id: z.string(),
      interface: z.literal('public'),
      region: z.string(),
      region_id: z.string(),
      url: z.string(),
    }),
  ),
})
export type CatalogEntry = z.infer<typeof catalogEntry>
export const catalogAnswer = z.object({
  catalog: z.array(catalogEntry),
  links: z.object({ self: z.string() }),
})

/** The token itself travels in the header X-Subject-Token. */
export const tokenAnswer = z.object({
  token: z.object({
    methods: z.array(z.string()),
    issued_at: z.string(),
    expires_at: z.string(),
    audit_ids: z.array(z.string()),
    user: z.object({
      id: z.string(),
      name: z.string(),
      domain: domainReference,
      /** Passwords do not expire. */
      password_expires_at: z.string(),
    }),
    /** Of a token for one project. */
    project: z.object({ id: z.string(), name: z.string(), domain: domainReference }).optional(),
    /** Of a token for the whole domain. */
    domain: domainReference.optional(),
    roles: z.array(reference),
    catalog: z.array(catalogEntry).optional(),
  }),
})
export type TokenAnswer = z.infer<typeof tokenAnswer>

export const iamProject = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  enabled: z.boolean(),
  domain_id: z.string(),
  parent_id: z.string(),
  is_domain: z.boolean(),
  links: z.object({ self: z.string() }),
})
export type IamProject = z.infer<typeof iamProject>

const listLinks = z.object({ self: z.string(), previous: z.null(), next: z.null() })
export const iamProjectList = z.object({ projects: z.array(iamProject), links: listLinks })
export const iamProjectAnswer = z.object({ project: iamProject })
/** Beside `name` Keystone has filters that change nothing where there is one domain. */
export const iamProjectQuery = z.looseObject({ name: z.string().optional() })

export const iamDomainList = z.object({
  domains: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      description: z.string(),
      enabled: z.boolean(),
      links: z.object({ self: z.string() }),
    }),
  ),
  links: listLinks,
})

export const iamUserAnswer = z.object({
  user: z.object({
    id: z.string(),
    name: z.string(),
    domain_id: z.string(),
    enabled: z.boolean(),
    password_expires_at: z.string(),
    links: z.object({ self: z.string() }),
  }),
})

/** Body of `POST /v3/users/{user_id}/password`. */
export const passwordRequest = z.object({
  user: z.object({ original_password: z.string().max(1024), password: z.string() }),
})

/** `GET /v3`, where clients look which version is spoken. */
export const identityVersion = z.object({
  version: z.object({
    id: z.string(),
    status: z.string(),
    updated: z.string(),
    links: z.array(z.object({ rel: z.string(), href: z.string() })),
    'media-types': z.array(z.object({ base: z.string(), type: z.string() })),
  }),
})

/** Body of `POST /v3.0/OS-CREDENTIAL/securitytokens`. */
export const securityTokenRequest = z.looseObject({
  auth: z.looseObject({
    identity: z.looseObject({
      methods: z.array(z.string()).min(1, 'must name token'),
      token: z
        .looseObject({
          /** The token to make it with; without it the one of the header. */
          id: z.string().nullish(),
          duration_seconds: z.coerce
            .number()
            .int()
            .min(900, 'must be 900 to 86400')
            .max(86_400, 'must be 900 to 86400')
            .nullish(),
        })
        .nullish(),
      policy: z.unknown().optional(),
    }),
  }),
})
export const securityTokenAnswer = z.object({
  credential: z.object({
    access: z.string(),
    secret: z.string(),
    securitytoken: z.string(),
    expires_at: z.string(),
  }),
})

const status = z.enum(['active', 'inactive'])
export const credential = z.object({
  access: z.string(),
  user_id: z.string(),
  project_id: z.string(),
  description: z.string(),
  status,
  create_time: z.string(),
  /** Absent for a key that was never used. */
  last_use_time: z.string().optional(),
})
export type Credential = z.infer<typeof credential>

const description = z.string().max(255, 'must be at most 255 characters')
export const credentialCreate = z.object({
  credential: z.object({
    user_id: nameOrId,
    description: description.nullish(),
    /** Ours: the project that the key opens; without it that of the caller, or the user's only one. */
    project_id: nameOrId.nullish(),
  }),
})
/** The one answer that holds the secret. */
export const credentialCreated = z.object({ credential: credential.extend({ secret: z.string() }) })
export const credentialQuery = z.object({ user_id: nameOrId.optional() })
export const credentialList = z.object({ credentials: z.array(credential) })
export const credentialChange = z.object({
  credential: z.object({ status: status.optional(), description: description.optional() }),
})
export const credentialAnswer = z.object({ credential })
