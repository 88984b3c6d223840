// Decides who sent an HTTP request: SDK-HMAC-SHA256 over method, path, query, headers and body.
// Nothing else is accepted. The date may be 15 minutes off, as Huawei Cloud's gateway allows.
import type { SignableRequest } from '../lib/signature/canonical.ts'
import { verifySdkHmac } from '../lib/signature/sdk-hmac.ts'
import type { Principal } from './principal.ts'

/** What is stored about an access key. `expiresAtMs` null means it never expires. */
export type AccessKeyRecord = {
  readonly secret: string
  readonly projectId: string
  readonly userName: string
  readonly expiresAtMs: number | null
}

/** Finds an access key at once (it is asked while a request waits); undefined when there is none. */
export type LookupAccessKey = (accessKey: string) => AccessKeyRecord | undefined

/** `unauthorized`: we do not know who asks (401). `forbidden`: we know, but the project is not theirs (403). */
export type AuthenticationResult =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly refusal: 'unauthorized' | 'forbidden'; readonly message: string }

/**
 * Verifies a request with its whole body. `pathProjectId` is the project segment of the path, null where a path has
 * none; it and the header X-Project-Id, where sent, have to be the key's own project. Messages hold no secret.
 */
export function authenticate(input: {
  request: SignableRequest
  body: Uint8Array | string
  pathProjectId: string | null
  lookup: LookupAccessKey
  now: Date
}): AuthenticationResult {
  const { request, body, lookup, now } = input
  const verified = verifySdkHmac({
    request,
    body,
    now,
    lookupSecret: (accessKey) => lookup(accessKey)?.secret,
  })
  if (!verified.ok) return { ok: false, refusal: 'unauthorized', message: verified.message }
  const record = lookup(verified.accessKey)
  if (!record || (record.expiresAtMs !== null && record.expiresAtMs <= now.getTime()))
    return { ok: false, refusal: 'unauthorized', message: `The access key ${verified.accessKey} has expired` }
  const asked = [
    ['The project in the path', input.pathProjectId],
    ['X-Project-Id', request.headers['x-project-id'] ?? null],
  ] as const
  for (const [where, projectId] of asked)
    if (projectId !== null && projectId !== record.projectId)
      return {
        ok: false,
        refusal: 'forbidden',
        message: `${where} is ${JSON.stringify(projectId)}, but access key ${verified.accessKey} belongs to project ${record.projectId}`,
      }
  const { projectId, userName } = record
  return { ok: true, principal: { projectId, accessKey: verified.accessKey, userName } }
}
