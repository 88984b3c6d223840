import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildJob, inventory2x4 } from '../../test/job-builders.ts'
import { AppError } from '../api/error.ts'
import { planInputOf } from './plan-input.ts'
import { DEFAULT_SITE, type Site } from './site.ts'

const GI = 2 ** 30
const SITE: Site = {
  ...DEFAULT_SITE,
  allow: { ...DEFAULT_SITE.allow, shmBytes: 3 * GI, devices: ['/dev/infiniband/*'] },
  deviceFiles: ['/dev/infiniband/rdma_cm', '/dev/infiniband/uverbs0', '/dev/infiniband/uverbs1'],
  volumes: [
    { source: { kind: 'host_path', path: '/data' }, readOnly: true },
    { source: { kind: 'host_path', path: '/data/team' }, readOnly: false },
  ],
}

type Asked = {
  annotations?: Record<string, string>
  volumes?: object[]
  algorithm?: object
  site?: Partial<Site>
  memory?: number
}
/** What a backend would plan from, for one task. */
function planned({ annotations = {}, volumes = [], algorithm = {}, site = {}, memory = 8 * GI }: Asked) {
  const placement = {
    ...{ task: 'worker-0', taskIndex: 0, hostId: 'sim-0', physicalIds: [0] },
    ...{ cpuCores: 1, memoryBytes: memory },
  }
  const job = buildJob({ annotations, algorithm, spec: { volumes } })
  const context = { attempt: 1, placements: [placement], inventory: inventory2x4 }
  return planInputOf(job, { ...context, site: { ...SITE, ...site } })
}
const host = (src_path: string, local_path: string, more = {}) => ({
  host_path: { src_path, local_path, ...more },
})

test('shared memory is half of the task’s, at most what the administrator allows', () => {
  const shm = (asked: Asked) => planned(asked).container.shmBytes
  assert.equal(shm({ memory: 4 * GI }), 2 * GI)
  assert.equal(shm({ memory: 8 * GI }), 3 * GI)
  assert.equal(shm({ memory: 8 * GI, annotations: { 'ropeway/shm-size': '1Gi' } }), GI)
  assert.equal(shm({ site: { container: { ...DEFAULT_SITE.container, shmBytes: 6 * GI } } }), 6 * GI)
})

test('a flavor that sets one limit keeps the limits of the site', () => {
  const core = { name: 'core', soft: 0, hard: 0 }
  const memlock = { name: 'memlock', soft: -1, hard: -1 }
  const flavors = { 'ropeway.ascend-910a.4': { ulimits: [memlock] } }
  assert.deepEqual(planned({ site: { flavors } }).container.ulimits, [core, memlock])
})

test('a pattern stands for the device files that are there, of the site and of a job', () => {
  const uverbs = ['/dev/infiniband/uverbs0', '/dev/infiniband/uverbs1']
  const annotations = { 'ropeway/devices': '/dev/infiniband/uverbs*' }
  assert.deepEqual(planned({ annotations }).container.devices, uverbs)
  const container = { ...DEFAULT_SITE.container, devices: ['/dev/infiniband/*', '/dev/fuse'] }
  assert.deepEqual(planned({ site: { container } }).container.devices, [...SITE.deviceFiles, '/dev/fuse'])
})

test('a job that names no user gets the site’s, then that of its generation', () => {
  const user = (asked: Asked) => planned(asked).runUser
  assert.deepEqual(user({}), { uid: 1000, gid: 100 })
  assert.deepEqual(user({ site: { runUser: 5000 } }), { uid: 5000, gid: 5000 })
  const algorithm = { engine: { image_url: 'host', run_user: '7' } }
  assert.deepEqual(user({ site: { runUser: 5000 }, algorithm }), { uid: 7, gid: 7 })
})

const output = (local_dir: string) => ({
  outputs: [{ name: 'o', local_dir, remote: { obs: { obs_url: 'obs://b/o/' } } }],
})

test('results written to a writable volume stay on it', () => {
  const { writableDirs } = planned({ volumes: [host('/data/team', '/nas')], algorithm: output('/nas/out') })
  assert.ok(!writableDirs.includes('/nas/out'))
  assert.ok(planned({ algorithm: output('/nas/out') }).writableDirs.includes('/nas/out'))
})

test('both generations’ names for a volume mean the same', () => {
  const one = planned({ volumes: [host('/data/a', '/m', { read_only: true })] }).container.volumes
  const old = { host_path: { src_path: '/data/a', dest_path: '/m', read_only: true } }
  assert.deepEqual(planned({ volumes: [old] }).container.volumes, one)
})

const REFUSED: readonly (readonly [what: string, asked: Asked, message: RegExp])[] = [
  [
    'a misspelt read_only, which would mount for writing',
    { volumes: [host('/data', '/m', { readonly: true })] },
    /spec\.volumes\[0\]\.host_path: got "readonly".*did you mean "read_only"\?/,
  ],
  [
    'two names for the place that do not agree',
    { volumes: [host('/data', '/m', { dest_path: '/n' })] },
    /dest_path: got "\/n"; valid: one of local_path and dest_path/,
  ],
  [
    'a volume over the system of the image',
    { volumes: [host('/data', '/usr')] },
    /local_path: got "\/usr"; valid: a path that does not cover the system/,
  ],
  [
    'a volume over our run_train.sh',
    { volumes: [host('/data', '/home/work/run_train.sh')] },
    /a file of the platform/,
  ],
  [
    'results in a folder that can only be read',
    { volumes: [host('/data/sets', '/nas')], algorithm: output('/nas/out') },
    /spec\.volumes\[0\]: read_only: got true; valid: false, or another folder than \/nas\/out/,
  ],
  [
    'more shared memory than the task has memory',
    { memory: 2 * GI, annotations: { 'ropeway/shm-size': '3Gi' } },
    /got "3Gi"; valid: at most 2147483648 bytes, the memory of a task/,
  ],
  [
    'a device in a folder below the one allowed',
    { annotations: { 'ropeway/devices': '/dev/infiniband/x/y' } },
    /got "\/dev\/infiniband\/x\/y"; valid: \/dev\/infiniband\/\*/,
  ],
  [
    'a pattern wider than the one allowed',
    { annotations: { 'ropeway/devices': '/dev/*' } },
    /got "\/dev\/\*"; valid: \/dev\/infiniband\/\*/,
  ],
  [
    'a pattern that nothing matches',
    { annotations: { 'ropeway/devices': '/dev/infiniband/umad*' } },
    /a pattern that device files of this machine match/,
  ],
]
for (const [what, asked, message] of REFUSED)
  test(`${what} is refused`, () =>
    assert.throws(
      () => planned(asked),
      (error) => {
        assert.ok(error instanceof AppError, String(error))
        assert.match(error.message, message)
        return true
      },
    ))
