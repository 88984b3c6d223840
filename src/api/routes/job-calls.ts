// The smaller calls around training jobs (modelarts.md §1.2 row 8; clients.md §1).
import {
  batchDeleteRequest,
  nameCheck,
  nameQuery,
  poolJobList,
  poolJobQuery,
  routePlan,
  stageList,
} from '../job-calls.ts'
import type { Route } from '../route.ts'

const JOBS = '/v2/:project/training-jobs'

export const JOB_CALL_ROUTES = {
  checkJobName: {
    method: 'GET',
    path: '/v2/:project/training-job-names',
    success: 200,
    summary: 'Says whether a training job has this name already.',
    permission: 'modelarts:trainJob:list',
    role: 'viewer',
    query: nameQuery,
    answer: nameCheck,
    example: { query: { job_name: 'digits' } },
  },
  batchDeleteTrainingJobs: {
    method: 'POST',
    path: `${JOBS}/batch-delete`,
    success: 202,
    summary: 'Deletes up to 100 training jobs of one workspace, all or none.',
    permission: 'modelarts:trainJob:delete',
    role: 'user',
    body: batchDeleteRequest,
    errors: ['JobNotFound'],
    example: {
      body: { jobs: [{ kind: 'job', metadata: { id: '4d9f4d9e-3b1f-4b0e-9d53-8f6c1d1a2b3c' } }] },
    },
  },
  listStages: {
    method: 'GET',
    path: `${JOBS}/:job/stages`,
    success: 200,
    summary: 'Lists what each run of a training job went through, and when.',
    partly: 'no `sub_stages`',
    permission: 'modelarts:trainJob:get',
    role: 'viewer',
    answer: stageList,
  },
  showRoutePlan: {
    method: 'GET',
    path: `${JOBS}/:job/route_plan`,
    success: 200,
    summary: 'Shows which task has which rank.',
    partly: 'nobody plans: the status is `failed`, and tasks have ranks in their order',
    permission: 'modelarts:trainJob:get',
    role: 'viewer',
    answer: routePlan,
  },
  listPoolJobs: {
    method: 'GET',
    path: '/v2/:project/jobs',
    success: 200,
    summary: 'Lists what a pool did with its nodes; nothing yet.',
    partly: 'nodes are not replaced, restarted or reset: the list is empty',
    permission: 'modelarts:pool:list',
    role: 'viewer',
    query: poolJobQuery,
    answer: poolJobList,
    example: { query: { resource: 'pools', limit: 100 } },
  },
} as const satisfies Record<string, Route>
