// Logs of a task (modelarts.md §1.2 row 12), and our own reads by byte offset.
import { logPreview, logReadQuery, logStreams } from '../log.ts'
import { logDownloadQuery, logLines, logLinesQuery, logUrl, logUrlQuery } from '../log-lines.ts'
import { metricList } from '../metric.ts'
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
  showLogUrl: {
    method: 'GET',
    path: '/v2/:project/training-jobs/:job/tasks/:task/logs/url',
    success: 200,
    summary: 'Makes a link to the log of a task that works for five minutes, for a browser or a download.',
    permission: 'modelarts:trainJob:logExport',
    role: 'viewer',
    query: logUrlQuery,
    answer: logUrl,
    errors: ['LogNotReady', 'LogNotGenerated', 'LogExpired', 'OnAnotherServer'],
    example: { query: { 'Content-Type': 'text/plain' } },
  },
  showLogLines: {
    method: 'GET',
    path: '/v2/:project/training-jobs/:job/logs/:task',
    success: 200,
    summary: 'Shows lines of the log of a task, the newest first or in their order.',
    permission: 'modelarts:trainJob:getLogs',
    role: 'viewer',
    query: logLinesQuery,
    answer: logLines,
    errors: ['LogNotReady', 'LogNotGenerated', 'LogExpired', 'OnAnotherServer'],
    example: { query: { lines: 100, order: 'desc' } },
  },
  downloadLog: {
    method: 'GET',
    path: '/ropeway/v1/log-download',
    success: 200,
    summary: 'Opens a link to a log.',
    permission: 'modelarts:trainJob:logExport',
    role: 'open',
    query: logDownloadQuery,
    media: 'text/plain',
    errors: ['LinkExpired', 'JobNotFound', 'LogExpired'],
    example: { query: { token: 'rwlog1.e30.c2lnbmF0dXJl' } },
  },
  showMetrics: {
    method: 'GET',
    path: '/v2/:project/training-jobs/:job/metrics/:task',
    success: 200,
    summary: 'Shows how much of its resources a task uses, minute by minute.',
    permission: 'modelarts:trainJob:get',
    role: 'viewer',
    answer: metricList,
    errors: ['MetricNotReady'],
  },
} as const satisfies Record<string, Route>
