// The docker backend over Podman's Docker-compatible socket, held to the same suite.
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { startPodmanEngine } from '../engines/podman.ts'
import { describeBackend } from './backend.ts'
import { openDocker } from './backend-docker-harness.ts'
import { keepsLinks } from './backend-docker-links.ts'

if (process.getuid?.() === 0 && existsSync('/usr/bin/podman')) {
  describeBackend('podman', () => openDocker(startPodmanEngine))
  test('links of an image in the place of folders stay over podman, too; a file there is refused', async () => {
    const engine = await startPodmanEngine()
    await using harness = await openDocker(async () => engine)
    await keepsLinks(harness, engine.docker)
  })
} else {
  test('the docker backend over podman', {
    skip: process.env['CI'] ? false : 'needs root and podman',
  }, () => {
    throw new Error('CI is set but this is not root, or podman is missing: Podman would go untested')
  })
}
