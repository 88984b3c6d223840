// Logs of a task (modelarts.md §1.2 row 12), and our own reads by byte offset.
import { logPreview, logReadQuery, logStreams } from '../log.ts'
import type { Route } from '../route.ts'

const TASK = '/ropeway/v1/:project/training-jobs/:job/tasks/:task'

export const LOG_ROUTES = {
  previewLog: {
    method: 'GET',
    path: '/v2/:project/training-jobs/:job/tasks/:task/logs/preview',
    success: 200,
    summary: 'Shows the end of the log of a task, at most 5 MiB.',
    permission: 'modelarts:trainJob:get',
    role: 'viewer',
    answer: logPreview,
    errors: ['LogNotReady', 'LogExpired', 'OnAnotherServer'],
  },
  listLogStreams: {
    method: 'GET',
    path: `${TASK}/logs`,
    success: 200,
    summary: 'Lists the log streams of a task.',
    permission: 'modelarts:trainJob:getLogs',
    role: 'viewer',
    answer: logStreams,
    errors: ['OnAnotherServer'],
  },
  readLog: {
    method: 'GET',
    path: `${TASK}/logs/:stream`,
    success: 200,
    summary: 'Reads bytes of a log stream from an offset, waiting for them if asked to.',
    permission: 'modelarts:trainJob:getLogs',
    role: 'viewer',
    query: logReadQuery,
    media: 'application/octet-stream',
    errors: ['LogExpired', 'OnAnotherServer'],
    example: { query: { offset: 0, limit: 65_536 } },
  },
} as const satisfies Record<string, Route>
