// Two projects with a few people, for tests of who may what.
import { directoryOf } from './directory.ts'
import type { AccessKey, IdentitySnapshot, User } from './identity.ts'
import type { Identities } from './proof.ts'
import { tokenKeys } from './token.ts'

export const NOW = new Date('2026-03-01T12:00:00Z')
export const KEYS = tokenKeys(Buffer.alloc(32, 7))

export const user = (name: string, more: Partial<User> = {}): User => ({
  ...{ id: `id-${name}`, name, enabled: true, administrator: false, passwordHash: null, epoch: 0 },
  createdAtMs: 0,
  ...more,
})

export const key = (accessKey: string, userName: string, more: Partial<AccessKey> = {}): AccessKey => ({
  ...{ accessKey, secret: `secret of ${accessKey}`, userId: `id-${userName}`, projectId: 'p1' },
  ...{ description: '', enabled: true, createdAtMs: 0, expiresAtMs: null, lastUsedAtMs: null },
  ...more,
})

const project = (id: string, enabled = true) => ({
  id,
  name: `name-${id}`,
  description: '',
  enabled,
  createdAtMs: 0,
})

export const SNAPSHOT: IdentitySnapshot = {
  users: [
    user('ann'),
    user('root', { administrator: true }),
    user('gone', { enabled: false }),
    user('alone'),
  ],
  projects: [project('p1'), project('p2'), project('closed', false)],
  memberships: [
    { userId: 'id-ann', projectId: 'p1', role: 'user' },
    { userId: 'id-ann', projectId: 'p2', role: 'viewer' },
    { userId: 'id-ann', projectId: 'closed', role: 'admin' },
    { userId: 'id-root', projectId: 'p1', role: 'admin' },
    { userId: 'id-gone', projectId: 'p1', role: 'user' },
  ],
  keys: [
    key('AKANN', 'ann'),
    key('AKOFF', 'ann', { enabled: false }),
    key('AKOLD', 'ann', { expiresAtMs: NOW.getTime() }),
    key('AKCLOSED', 'ann', { projectId: 'closed' }),
    key('AKGONE', 'gone'),
    key('AKALONE', 'alone'),
  ],
  revokedTokens: ['given-back'],
}

/** The identities of the snapshot, or of one that differs in something. */
export const identities = (more: Partial<IdentitySnapshot> = {}, now = NOW): Identities => ({
  directory: directoryOf({ ...SNAPSHOT, ...more }),
  keys: KEYS,
  now,
})
