// Quotas (modelarts.md §1.2 row 20).
import { quotaChanged, quotaList, quotaQuery, quotaRequest } from '../quota.ts'
import type { Route } from '../route.ts'

export const QUOTA_ROUTES = {
  showQuotas: {
    method: 'GET',
    path: '/v2/:project/training-quotas',
    success: 200,
    summary: 'Shows how many jobs a user may have, and has.',
    partly: 'unlimited (2147483647) until an admin of the project sets one; `user_id` is a user’s id or name',
    permission: 'modelarts:trainJob:list',
    role: 'viewer',
    query: quotaQuery,
    answer: quotaList,
    example: { query: { resource: 'job-num' } },
  },
  changeQuotas: {
    method: 'PUT',
    path: '/v2/:project/training-quotas',
    success: 200,
    summary: 'Limits the jobs of one user, or of every user of the project.',
    partly:
      '`user_id` is the id or name of a member; only `job-num` limits anything, other resources are stored only',
    permission: 'modelarts:quota:update',
    role: 'admin',
    body: quotaRequest,
    answer: quotaChanged,
    errors: ['UserNotFound'],
    example: { body: { user_id: 'ann', quotas: [{ resource: 'job-num', quota: 100 }] } },
  },
} as const satisfies Record<string, Route>
