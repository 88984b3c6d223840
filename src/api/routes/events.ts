// Events of a job (modelarts.md §1.2 row 9), and our own stream of them.
import { z } from 'zod'
import { categoryQuery, eventCategories, eventPage, eventQuery } from '../event.ts'
import { eventStream, eventStreamQuery } from '../own.ts'
import { eventReport } from '../report.ts'
import type { Route } from '../route.ts'

export const EVENT_ROUTES = {
  listEvents: {
    method: 'GET',
    path: '/v2/:project/training-jobs/:job/events',
    success: 200,
    summary: 'Lists what happened to a training job.',
    partly:
      'texts are English; errors carry the codes of the training service, not those of the event service (5000…)',
    permission: 'modelarts:trainJob:get',
    role: 'viewer',
    query: eventQuery,
    answer: eventPage,
    example: { query: { limit: 20, order: 'asc', level: 'Info', pattern: 'created' } },
  },
  streamEvents: {
    method: 'GET',
    path: '/ropeway/v1/:project/training-jobs/:job/stream',
    success: 200,
    summary: 'Waits for events after a sequence, and tells the state of the job.',
    permission: 'modelarts:trainJob:get',
    role: 'viewer',
    query: eventStreamQuery,
    answer: eventStream,
    example: { query: { since: 0, wait_s: 20 } },
  },
  listEventCategories: {
    method: 'GET',
    path: '/v2/:project/training-event-categories',
    success: 200,
    summary: 'Lists what people can be told about a job.',
    partly: 'nobody is notified: no category can be subscribed to',
    permission: 'modelarts:trainJob:list',
    role: 'viewer',
    query: categoryQuery,
    answer: eventCategories,
    example: { query: { flavor_type: 'Ascend' } },
  },
  reportEvent: {
    method: 'POST',
    path: '/v2/:project/training-jobs/:job/tasks/:task/reports/:report',
    success: 200,
    summary: 'Adds what a program in a task reports to the events of its job.',
    partly: 'only `training-event`',
    permission: 'modelarts:trainJob:update',
    role: 'user',
    body: eventReport,
    answer: z.object({}),
    example: { body: { type: 'CheckpointSaved' } },
  },
} as const satisfies Record<string, Route>
