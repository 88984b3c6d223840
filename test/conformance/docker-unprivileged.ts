// Run by a test as a uid that is not root but may use the engine: one task from start to removal. Arguments: the
// engine's socket, a folder that holds `runtime`. Prints the observation as JSON.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createDockerBackend } from '../../src/backend/docker/backend.ts'
import { connectEngine } from '../../src/backend/docker/engine.ts'
import { SUITE_IMAGE } from './backend-docker-harness.ts'
import { planInput, SIGNAL, untilState } from './backend-harness.ts'

const [socket = '', dir = ''] = process.argv.slice(2)
await using backend = await createDockerBackend({
  ...{ dataDir: join(dir, 'data'), runtimeDir: join(dir, 'runtime'), instanceId: 'unprivileged' },
  engine: await connectEngine(socket),
  ...{ isRoot: false, arch: process.arch, networkRange: '10.212.0.0/16', internalNetworks: true },
})
const input = { ...planInput(['worker-0']), image: SUITE_IMAGE }
const ref = { jobId: input.jobId, attempt: input.attempt, tasks: ['worker-0'] }
const runDir = backend.runDir(ref, 'worker-0') ?? ''
await mkdir(runDir, { recursive: true })
const script =
  'mkdir -m 0700 /cache/closed && echo x >/cache/closed/file && echo y >/run/ropeway/spool/file && exit 9\n'
await writeFile(join(runDir, 'behaviour.sh'), script, { mode: 0o644 })
await backend.start(backend.plan(input), SIGNAL)
const seen = await untilState(backend, ref, 'exited', 'lost')
await backend.remove(ref, SIGNAL)
process.stdout.write(JSON.stringify(seen))
