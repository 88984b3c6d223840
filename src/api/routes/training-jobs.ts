// Training jobs (modelarts.md §1.2 rows 1 to 7).
import { z } from 'zod'
import { CLIENT_TOKEN_HEADER } from '../client-token.ts'
import { CREATE_ERRORS, CREATE_EXAMPLE } from '../create-call.ts'
import { actionRequest, taskQuery, trainingJob, trainingTask, updateRequest } from '../job-answer.ts'
import { searchQuery, searchRequest, searchResponse } from '../job-search.ts'
import type { Route } from '../route.ts'
import { trainingJobRequest } from '../training-job.ts'

const JOBS = '/v2/:project/training-jobs'

export const TRAINING_JOB_ROUTES = {
  createTrainingJob: {
    method: 'POST',
    path: JOBS,
    success: 201,
    summary: 'Creates a training job and queues it; with the header X-Client-Token only once.',
    partly: 'docs/fields.md says what comes of each field',
    permission: 'modelarts:trainJob:create',
    role: 'user',
    headers: {
      [CLIENT_TOKEN_HEADER]:
        'Ours: 1 to 64 visible characters. A create that is sent again with the same ones, and the same body, answers the job that it made.',
    },
    body: trainingJobRequest,
    answer: trainingJob,
    errors: ['DuplicateJobName', ...CREATE_ERRORS],
    example: { body: CREATE_EXAMPLE },
  },
  showTrainingJob: {
    method: 'GET',
    path: `${JOBS}/:job`,
    success: 200,
    summary: 'Shows a training job with its status.',
    permission: 'modelarts:trainJob:get',
    role: 'viewer',
    answer: trainingJob,
  },
  changeDescription: {
    method: 'PUT',
    path: `${JOBS}/:job`,
    success: 200,
    summary: 'Changes the description of a training job.',
    permission: 'modelarts:trainJob:update',
    role: 'user',
    body: updateRequest,
    answer: z.null(),
    errors: ['NotSupported'],
    example: { body: { description: 'Two tasks, all devices' } },
  },
  deleteTrainingJob: {
    method: 'DELETE',
    path: `${JOBS}/:job`,
    success: 202,
    summary: 'Deletes a training job; a live one is stopped first.',
    permission: 'modelarts:trainJob:delete',
    role: 'user',
  },
  actOnTrainingJob: {
    method: 'POST',
    path: `${JOBS}/:job/actions`,
    success: 202,
    summary: 'Terminates a training job.',
    permission: 'modelarts:trainJob:update',
    role: 'user',
    body: actionRequest,
    answer: trainingJob,
    errors: ['NotAllowedToTerminate', 'UnsupportedAction'],
    example: { body: { action_type: 'terminate' } },
  },
  searchTrainingJobs: {
    method: 'POST',
    path: '/v2/:project/training-job-searches',
    success: 200,
    summary: 'Finds training jobs by filters, a page at a time.',
    partly:
      '`count` is exact, but for a part of a name, a tag or an address that more than 10,000 jobs have: there it stops at 10,000, and grows with the page asked for. Read on until a page is short. `user_id` takes ids and names; `like` looks at names',
    permission: 'modelarts:trainJob:list',
    role: 'viewer',
    reads: true,
    query: searchQuery,
    body: searchRequest,
    answer: searchResponse,
    errors: ['UnsupportedSortBy', 'ConditionKey', 'ConditionOperator', 'ConditionValue'],
    example: {
      body: {
        offset: 0,
        limit: 10,
        sort_by: 'create_time',
        order: 'desc',
        filters: [
          { key: 'phase', operator: 'in', value: ['Running', 'Pending'] },
          { key: 'name', operator: 'like', value: ['digits'] },
        ],
      },
      query: { limit: 10 },
    },
  },
  listTasks: {
    method: 'GET',
    path: `${JOBS}/:job/tasks`,
    success: 200,
    summary: 'Lists the tasks of a training job with their addresses.',
    partly: 'those of the present attempt; `schedule_count` of an earlier one answers no tasks',
    permission: 'modelarts:trainJob:get',
    role: 'viewer',
    query: taskQuery,
    answer: z.array(trainingTask),
    example: { query: { schedule_count: 1 } },
  },
} as const satisfies Record<string, Route>
