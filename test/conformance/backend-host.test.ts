// The host backend, held to the suite twice: as root, where files are really owned by the task's uid, and in the way
// it works for everybody else, with a user namespace.
import { test } from 'node:test'
import { describeBackend } from './backend.ts'
import { openHost } from './backend-host-harness.ts'

if (process.getuid?.() === 0) {
  describeBackend('host', () => openHost(true))
} else {
  test('the host backend as root', { skip: process.env['CI'] ? false : 'needs root' }, () => {
    throw new Error('CI is set but this is not root: the isolation of the host backend would go untested')
  })
}
describeBackend('host without root', () => openHost(false))
