// Quotas (row 20 of modelarts.md §1.2). A user is named by id or by name; the rows have the name, as jobs do.
import { AppError } from '../api/error.ts'
import type { Directory } from '../auth/directory.ts'
import type { Handlers } from './handlers.ts'
import { memberOf, userNameOf } from './identity/find.ts'
import type { ApiParts } from './parts.ts'

export const quotaHandlers = ({ quotas, identity }: ApiParts): Handlers<'showQuotas' | 'changeQuotas'> => ({
  showQuotas: async ({ context, query: { user_id: user, resource } }) => {
    const { projectId, userName } = context.get('principal')
    // Of nobody and of somebody who is elsewhere alike: nothing used.
    const all = await quotas.list(projectId, user ? userNameOf(identity.directory, user) : userName)
    return {
      quotas: all
        .filter((one) => one.resource === resource)
        .map((one) => ({ resource: one.resource, quota: one.quota, used: one.used })),
    }
  },
  changeQuotas: async ({ context, body }) => {
    const { projectId, userName } = context.get('principal')
    const asked = body.user_id ?? ''
    const user = asked && memberNamed(identity.directory, projectId, asked)
    const zero = body.quotas.findIndex(({ resource, quota }) => resource === 'job-num' && quota < 1)
    if (zero >= 0)
      throw new AppError('ParamRangeError', `quotas[${zero}].quota: got 0; valid: 1 to 2147483647`)
    await quotas.put(
      projectId,
      user,
      body.quotas.map(({ resource, quota, extra_info }) => ({
        ...{ resource, quota },
        extraInfo: extra_info ?? '',
      })),
    )
    const all = await quotas.list(projectId, user || userName)
    return {
      user_id: asked,
      quotas: all
        .filter(({ resource }) => body.quotas.some((asked) => asked.resource === resource))
        .map(({ resource, quota, used, extraInfo }) => ({ resource, quota, used, extra_info: extraInfo })),
    }
  },
})

/** Throws AppError UserNotFound, the same for nobody and for somebody who is not of the project. */
function memberNamed(directory: Directory, projectId: string, text: string): string {
  const member = memberOf(directory, projectId, text)
  if (member) return member.name
  throw new AppError(
    'UserNotFound',
    `user_id: got ${JSON.stringify(text)}; valid: id or name of a member of the project`,
  )
}
