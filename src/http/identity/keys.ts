// Access keys, for their users and for administrators.
import type { IdentityKey } from '../../api/identity.ts'
import type { Directory } from '../../auth/directory.ts'
import type { AccessKey } from '../../auth/identity.ts'
import type { Call, Handlers } from '../handlers.ts'
import type { ApiContext, ApiParts } from '../parts.ts'
import { findUser } from './find.ts'
import { checkKeyChange, endOfNewKey, keyOf, mayManage, projectForKey } from './key-rules.ts'
import { userByText } from './lookups.ts'

type Names = 'listKeys' | 'addKey' | 'changeKey' | 'removeKey' | 'rotateKey'

export const keyHandlers = (parts: ApiParts): Handlers<Names> => {
  const { identity, audit, clock } = parts
  const nowMs = (): number => clock.now().getTime()
  const by = (context: ApiContext): string => context.get('principal').userName
  return {
    listKeys: ({ context, query }) => {
      const { directory } = identity
      const principal = context.get('principal')
      // A name is looked up for administrators alone: for others only their own keys are there to be found.
      const user = query.user === undefined ? undefined : userByText(parts, context, query.user)
      const project = query.project === undefined ? undefined : projectIn(directory, query.project)
      const found = directory.keys.filter(
        (key) =>
          mayManage(principal, key) &&
          (user === undefined || key.userId === user.id) &&
          (project === undefined || key.projectId === project),
      )
      return { total: found.length, keys: found.map((key) => bodyOf(directory, key)) }
    },
    addKey: (call) => addKey(parts, call),
    changeKey: async ({ context, body: { enabled, description, expires_in_s: seconds } }) => {
      const key = keyOf(parts, context)
      const { accessKey } = key
      const change = {
        ...(enabled === undefined ? {} : { enabled }),
        ...(description === undefined ? {} : { description }),
        ...(seconds === undefined ? {} : { expiresAtMs: seconds === null ? null : nowMs() + seconds * 1000 }),
      }
      checkKeyChange(context.get('principal'), key, change)
      await identity.change((store) => store.changeKey(accessKey, change))
      const { description: _, expiresAtMs: endMs, ...shown } = change
      const end = endMs === undefined ? {} : { until: endMs === null ? null : new Date(endMs).toISOString() }
      audit('key changed', by(context), { key: accessKey, ...shown, ...end })
      return bodyOf(identity.directory, keyOf(parts, context))
    },
    removeKey: async ({ context }) => {
      const { accessKey } = keyOf(parts, context)
      await identity.change((store) => store.removeKey(accessKey))
      audit('key removed', by(context), { key: accessKey })
      return context.body(null, 204)
    },
    rotateKey: async ({ context, body: { overlap_s: overlap } }) => {
      const old = keyOf(parts, context)
      const user = findUser(identity.directory, old.userId)
      const principal = context.get('principal')
      projectForKey(parts, principal, user, old.projectId)
      // The new one is enabled, and ends with the old one or with the key that asks.
      checkKeyChange(principal, old, { enabled: true })
      const { userId, projectId, description } = old
      const expiresAtMs = earlier(old.expiresAtMs, endOfNewKey(principal, undefined))
      const made = await identity.change(async (store) => {
        const key = await store.addKey({ userId, projectId, description, expiresAtMs })
        const endsMs = nowMs() + overlap * 1000
        if (overlap === 0) await store.removeKey(old.accessKey)
        else if (old.expiresAtMs === null || endsMs < old.expiresAtMs)
          await store.changeKey(old.accessKey, { expiresAtMs: endsMs })
        return key
      })
      audit('key rotated', by(context), { key: old.accessKey, by_key: made.accessKey, user: user.name })
      context.header('Cache-Control', 'no-store')
      return { ...bodyOf(identity.directory, made), secret_key: made.secret }
    },
  }
}

async function addKey(parts: ApiParts, { context, body }: Call<'addKey'>) {
  const { identity, audit, clock } = parts
  const principal = context.get('principal')
  const user = userByText(parts, context, body.user ?? principal.userId)
  const wanted = body.project === undefined ? undefined : projectIn(identity.directory, body.project)
  const projectId = projectForKey(parts, principal, user, wanted)
  const seconds = body.expires_in_s
  const wishedMs = seconds === undefined ? undefined : clock.now().getTime() + seconds * 1000
  const expiresAtMs = endOfNewKey(principal, wishedMs)
  const { description } = body
  const key = await identity.change((store) =>
    store.addKey({ userId: user.id, projectId, description, expiresAtMs }),
  )
  audit('key added', principal.userName, { key: key.accessKey, user: user.name, project: projectId })
  context.header('Cache-Control', 'no-store')
  return { ...bodyOf(identity.directory, key), secret_key: key.secret }
}

/** null: never. */
const earlier = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.min(one, other)

/** A name that means no project is taken for an id, so that both are refused alike. */
const projectIn = (directory: Directory, text: string): string => directory.projectNamed(text)?.id ?? text

const bodyOf = (directory: Directory, key: AccessKey): IdentityKey => ({
  access_key: key.accessKey,
  user_id: key.userId,
  user_name: directory.user(key.userId)?.name ?? '',
  project_id: key.projectId,
  project_name: directory.project(key.projectId)?.name ?? '',
  description: key.description,
  enabled: key.enabled,
  create_time: key.createdAtMs,
  expire_time: key.expiresAtMs,
  last_use_time: key.lastUsedAtMs,
})
