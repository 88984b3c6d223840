// Decides who sent an HTTP request: X-Auth-Token, or a signature over method, path, query, headers and body. In two
// steps: who names nobody we know is turned away before the body is read.
import type { SignableRequest } from '../lib/signature/canonical.ts'
import { readSdkClaim, type SdkClaim, verifySdkHmac } from '../lib/signature/verify-sdk-hmac.ts'
import type { Principal } from './principal.ts'
import { type FoundKey, findKey, type Identities, type Proven, proveToken } from './proof.ts'
import type { Replay, ReplayWindow } from './replay-window.ts'

/** `unauthorized`: we do not know who asks. `wrong-project`: we do, but X-Project-Id is not theirs. */
export type Refusal = {
  readonly ok: false
  readonly refusal: 'unauthorized' | 'wrong-project' | 'too-many'
  readonly message: string
}
export type Authenticated = { readonly ok: true; readonly principal: Principal } | Refusal

/** Finishes with the whole body. `replay`: when this very request may arrive again. */
export type Pending = {
  readonly ok: true
  finish(body: Uint8Array, seen: { window: ReplayWindow; replay: Replay }): Authenticated
}

const unauthorized = (message: string): Refusal => ({ ok: false, refusal: 'unauthorized', message })

/** Looks at the headers alone. Messages hold no secret. */
export function beginAuthentication(request: SignableRequest, identities: Identities): Pending | Refusal {
  const token = request.headers['x-auth-token']
  if (token) {
    const proven = proveToken(identities, token)
    return proven.ok
      ? { ok: true, finish: () => inItsProject(request, proven) }
      : unauthorized(proven.message)
  }
  const claim = readSdkClaim(request)
  if (!claim.ok)
    return unauthorized(claim.reason === 'missing' ? `${claim.message}, and no X-Auth-Token` : claim.message)
  const key = findKey(identities, claim.accessKey, request.headers['x-security-token'])
  if (typeof key === 'string') return unauthorized(key)
  return {
    ok: true,
    finish: (body, seen) => finishSigned(request, identities, { claim, key, body, ...seen }),
  }
}

function finishSigned(
  request: SignableRequest,
  { now }: Identities,
  signed: { claim: SdkClaim; key: FoundKey; body: Uint8Array; window: ReplayWindow; replay: Replay },
): Authenticated {
  const { claim, key, body, window, replay } = signed
  const failure = verifySdkHmac(claim, { request, body, secretKey: key.secret, now })
  if (failure) return unauthorized(failure.message)
  const proven = inItsProject(request, key.prove())
  if (!proven.ok || replay === 'any-time') return proven
  const isStrict = replay === 'never' || claim.signedHeaders.includes(NONCE_HEADER)
  switch (window.note(claim.signature, claim.signedAtMs, now.getTime(), isStrict)) {
    case 'new':
      return proven
    case 'repeated':
      return unauthorized(
        'This very request was received before; to repeat it on purpose, sign again (a new X-Sdk-Date, or a new X-Ropeway-Nonce)',
      )
    case 'full':
      return { ok: false, refusal: 'too-many', message: 'Too many requests with dates of these minutes' }
  }
}

/** A signed header of ours with something random in it: such a request is never taken twice, not even within a second. */
export const NONCE_HEADER = 'x-ropeway-nonce'

function inItsProject(request: SignableRequest, proven: Proven): Authenticated {
  if (!proven.ok) return unauthorized(proven.message)
  const asked = request.headers['x-project-id']
  const { projectId } = proven.principal
  return asked === undefined || asked === projectId
    ? proven
    : { ok: false, refusal: 'wrong-project', message: wrongProject('X-Project-Id', asked, proven.principal) }
}

/** Says the caller's own project and nothing of the other: whether that exists is not told. */
export function wrongProject(where: string, asked: string, { projectId, proof }: Principal): string {
  const whose = proof.kind === 'token' ? 'the token' : `access key ${proof.id}`
  const own = projectId === '' ? 'is of no project' : `belongs to project ${projectId}`
  return `${where} is ${JSON.stringify(asked.slice(0, 80))}, but ${whose} ${own}`
}
