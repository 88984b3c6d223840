// Who may do what at the object server: the same keys and roles as at the API.
import type { LiveIdentity } from '../auth/live-identity.ts'
import { findKey } from '../auth/proof.ts'
import { isTemporary } from '../auth/temporary-key.ts'
import type { LookupObjectKey } from '../storage/server/authorize.ts'

/** A viewer reads the buckets of the key's project, everybody above changes them. */
export const objectKeysOf =
  (identity: LiveIdentity): LookupObjectKey =>
  (accessKey, securityToken) => {
    const key = findKey(identity.now(), accessKey, securityToken)
    if (typeof key === 'string') return key
    return {
      secret: key.secret,
      prove: () => {
        const proven = key.prove()
        if (!proven.ok)
          return {
            ok: false,
            code: isTemporary(accessKey) ? 'ExpiredToken' : 'InvalidAccessKeyId',
            message: proven.message,
          }
        const { projectId, role, proof } = proven.principal
        if (proof.kind === 'key') identity.noteUse(proof.id)
        return { ok: true, principal: { projectId, writes: role !== 'viewer' } }
      },
    }
  }
