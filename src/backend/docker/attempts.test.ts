import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { JobPlan } from '../../job/ports.ts'
import { RECORDS_DIR } from './attempt-record.ts'
import { Attempts } from './attempts.ts'
import type { DockerMachine } from './plan.ts'
import { parseSubnet } from './subnets.ts'

const IMAGE = {
  ...{
    id: 'sha256:1',
    digest: 'sha256:1',
    env: [],
    entrypoint: [],
    user: '',
    architecture: '',
    sizeBytes: 1,
  },
}
const planOf = (jobId: string): JobPlan => {
  const request = { image: 'a:1', projectId: 'p', network: { kind: 'shared', addressOf: 'worker-0' } }
  return { jobId, attempt: 1, backend: 'docker', tasks: [{ task: 'worker-0', name: 'n', request }] }
}

test('an address is given back when its record could not be written, and when its attempt is forgotten', async () => {
  const tasksDir = await mkdtemp(join(tmpdir(), 'rwa-'))
  // Room for one task: 10.0.0.2 is the first address after the gateway's, and the last one is for all.
  const subnet = parseSubnet('10.0.0.0/30')!
  const attempts = new Attempts({
    socket: '/none',
    machine: { tasksDir } as DockerMachine,
    networks: { ensureShared: async () => ({ name: 'shared', subnet }) } as never,
    images: { ensure: async () => IMAGE },
    credentials: async () => null,
  })
  await attempts.open()
  const { signal } = new AbortController()
  const ensure = (jobId: string) => attempts.ensure(planOf(jobId), () => undefined, signal)
  await rm(join(tasksDir, RECORDS_DIR), { recursive: true })
  await assert.rejects(ensure('1'.repeat(32)), /ENOENT/)
  await mkdir(join(tasksDir, RECORDS_DIR))
  assert.deepEqual((await ensure('1'.repeat(32))).addresses, { 'worker-0': '10.0.0.2' })
  await assert.rejects(
    ensure('2'.repeat(32)),
    /is taken: 1 of them are running or starting; wait until one ends/,
  )
  await attempts.forget('111111111111-1')
  assert.deepEqual((await ensure('2'.repeat(32))).addresses, { 'worker-0': '10.0.0.2' })
  await rm(tasksDir, { recursive: true })
})
