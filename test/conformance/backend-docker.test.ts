// The docker backend, held to the suite over a dockerd of its own.
import { test } from 'node:test'
import { startDockerEngine } from '../engines/dockerd.ts'
import { describeBackend } from './backend.ts'
import { openDocker } from './backend-docker-harness.ts'

if (process.getuid?.() === 0) {
  describeBackend('docker', () => openDocker(startDockerEngine))
} else {
  test('the docker backend', { skip: process.env['CI'] ? false : 'a dockerd needs root' }, () => {
    throw new Error('CI is set but this is not root: the docker backend would go untested')
  })
}
