// Quotas (row 20 of modelarts.md §1.2). A user is named by name: ids of users are the identity service's.
import { AppError } from '../api/error.ts'
import type { Handlers } from './handlers.ts'
import type { ApiParts } from './parts.ts'

export const quotaHandlers = ({ quotas }: ApiParts): Handlers<'showQuotas' | 'changeQuotas'> => ({
  showQuotas: async ({ context, query: { user_id: user, resource } }) => {
    const { projectId, userName } = context.get('principal')
    const all = await quotas.list(projectId, user || userName)
    return {
      quotas: all
        .filter((one) => one.resource === resource)
        .map((one) => ({ resource: one.resource, quota: one.quota, used: one.used })),
    }
  },
  changeQuotas: async ({ context, body }) => {
    const { projectId, userName } = context.get('principal')
    const user = body.user_id ?? ''
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
      user_id: user,
      quotas: all
        .filter(({ resource }) => body.quotas.some((asked) => asked.resource === resource))
        .map(({ resource, quota, used, extraInfo }) => ({ resource, quota, used, extra_info: extraInfo })),
    }
  },
})
