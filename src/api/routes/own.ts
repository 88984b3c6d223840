// What ModelArts has no call for, beside logs, events and registries.
import { CREATE_ERRORS, CREATE_EXAMPLE } from '../create-call.ts'
import { execQuery } from '../exec.ts'
import { imageCheck, imageCheckRequest } from '../image-check.ts'
import { dryRunResponse } from '../own.ts'
import type { Route } from '../route.ts'
import { trainingJobRequest } from '../training-job.ts'

export const OWN_ROUTES = {
  dryRun: {
    method: 'POST',
    path: '/ropeway/v1/:project/dry-run',
    success: 200,
    summary: 'Says what a create body would come to; nothing is stored.',
    permission: 'modelarts:trainJob:create',
    role: 'user',
    reads: true,
    body: trainingJobRequest,
    answer: dryRunResponse,
    errors: CREATE_ERRORS,
    example: { body: CREATE_EXAMPLE },
  },
  /** Upgraded to a WebSocket; src/api/exec.ts says what travels on it. */
  execInTask: {
    method: 'GET',
    path: '/ropeway/v1/:project/training-jobs/:job/tasks/:task/exec',
    success: 101,
    summary: 'Runs a command in a running task, over a WebSocket.',
    permission: 'modelarts:trainJob:exec',
    role: 'user',
    replay: 'never',
    query: execQuery,
    errors: [
      'InvalidParam',
      'JobStatusChanged',
      'OnAnotherServer',
      'TooManySessions',
      'NotSupported',
      'BackendUnavailable',
    ],
    example: { query: { command: '["nvidia-smi"]' } },
  },
  checkImage: {
    method: 'POST',
    path: '/ropeway/v1/:project/image-checks',
    success: 200,
    summary: 'Checks whether an image will run here and on ModelArts.',
    permission: 'ropeway:image:check',
    role: 'user',
    reads: true,
    // Pulls the image and runs it.
    replay: 'at-once',
    body: imageCheckRequest,
    answer: imageCheck,
    errors: [
      'NotSupported',
      'ImageNotFound',
      'RegistryRefused',
      'RegistryUnreachable',
      'BackendUnavailable',
      'DiskFull',
    ],
    example: { body: { image: 'harbor.example.com/team/train:1', wait_s: 60 } },
  },
} as const satisfies Record<string, Route>
