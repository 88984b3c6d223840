import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../api/error.ts'
import { checkAnnotations } from './annotations.ts'
import { containerOptionsOf } from './container-options.ts'
import { DEFAULT_SITE, type Site } from './site.ts'

const GI = 2 ** 30
const SITE: Site = {
  ...DEFAULT_SITE,
  flavors: { big: { shmBytes: 64 * GI } },
  allow: {
    root: false,
    hostNetwork: true,
    shmBytes: 32 * GI,
    devices: ['/dev/infiniband/*', '/dev/fuse'],
    pullPolicies: ['always', 'never'],
    capabilities: ['IPC_LOCK'],
    ulimits: { memlock: -1, stack: GI },
  },
  volumes: [
    { source: { kind: 'host_path', path: '/data' }, readOnly: true },
    { source: { kind: 'host_path', path: '/data/team' }, readOnly: false },
    { source: { kind: 'nfs', server: '10.0.0.1', path: '/exports' }, readOnly: false },
  ],
}
/** Every start asks the registry, with the project's own login. */
const ALWAYS: Site = {
  ...DEFAULT_SITE,
  pullPolicy: 'always',
  allow: { ...DEFAULT_SITE.allow, pullPolicies: [] },
}
const options = (
  annotations: Record<string, string>,
  volumes: Record<string, unknown>[] = [],
  flavor = 'small',
  site = SITE,
) =>
  containerOptionsOf(
    {
      request: {
        kind: 'job',
        metadata: { name: 'j', annotations },
        spec: { volumes, resource: { flavor_id: flavor } },
      },
    },
    site,
  )

test('a job that asks for nothing gets the defaults: half its memory as shm, no core files, no privilege', () => {
  assert.deepEqual(options({}, [], 'small', DEFAULT_SITE), {
    pullPolicy: 'missing',
    shmBytes: null,
    ulimits: [{ name: 'core', soft: 0, hard: 0 }],
    devices: [],
    capabilities: [],
    cpuLimit: false,
    hostNetwork: false,
    volumes: [],
    cacheDir: null,
  })
})

test('wishes win over the flavor, the flavor over the site', () => {
  assert.equal(options({}, [], 'big').shmBytes, 64 * GI)
  const got = options(
    {
      'ropeway/shm-size': '8Gi',
      'ropeway/ulimits': 'memlock=unlimited, stack=64Mi:128Mi',
      'ropeway/devices': '/dev/infiniband/uverbs0',
      'ropeway/capabilities': 'cap_ipc_lock',
      'ropeway/host-network': 'true',
      'ropeway/pull-policy': 'always',
    },
    [],
    'big',
  )
  assert.equal(got.shmBytes, 8 * GI)
  assert.deepEqual(got.ulimits, [
    { name: 'core', soft: 0, hard: 0 },
    { name: 'memlock', soft: -1, hard: -1 },
    { name: 'stack', soft: 64 * 2 ** 20, hard: 128 * 2 ** 20 },
  ])
  assert.deepEqual(
    [got.devices, got.capabilities, got.hostNetwork, got.pullPolicy],
    [['/dev/infiniband/uverbs0'], ['IPC_LOCK'], true, 'always'],
  )
})

test('the longest rule decides whether a folder may be written', () => {
  const host = (src_path: string, more = {}) => ({ host_path: { src_path, local_path: '/mnt/x', ...more } })
  assert.deepEqual(options({}, [host('/data/team/')]).volumes, [
    { source: { kind: 'host_path', path: '/data/team' }, target: '/mnt/x', readOnly: false },
  ])
  assert.equal(options({}, [host('/data/team', { read_only: true })]).volumes[0]?.readOnly, true)
  assert.equal(options({}, [host('/data/teams/a')]).volumes[0]?.readOnly, true)
  assert.deepEqual(
    options({}, [{ nfs: { nfs_server_path: '10.0.0.1:/exports', local_path: '/mnt/nas', read_only: false } }])
      .volumes,
    [
      {
        source: { kind: 'nfs', server: '10.0.0.1', path: '/exports' },
        target: '/mnt/nas',
        readOnly: false,
      },
    ],
  )
})

const nfs = (nfs_server_path: string, local_path = '/mnt/a') => ({ nfs: { nfs_server_path, local_path } })
const host = (src_path: unknown, local_path: unknown = '/mnt/a', more = {}) => ({
  host_path: { src_path, local_path, ...more },
})
const REFUSED: readonly (readonly [string, () => unknown, RegExp])[] = [
  [
    'more shm than allowed',
    () => options({ 'ropeway/shm-size': '33Gi' }),
    /annotations\.ropeway\/shm-size: got "33Gi"; valid: at most 34359738368 bytes/,
  ],
  ['shm that is no size', () => options({ 'ropeway/shm-size': '-1' }), /a size such as 8Gi/],
  ['a limit nobody allowed', () => options({ 'ropeway/ulimits': 'nofile=10' }), /valid: memlock, stack/],
  [
    'a limit above the allowed',
    () => options({ 'ropeway/ulimits': 'stack=unlimited' }),
    /stack up to 1073741824/,
  ],
  [
    'a limit that does not exist',
    () => options({ 'ropeway/ulimits': 'memory=1' }),
    /got "memory"; valid: core/,
  ],
  [
    'a device nobody allowed',
    () => options({ 'ropeway/devices': '/dev/sda' }),
    /valid: \/dev\/infiniband\/\*, \/dev\/fuse/,
  ],
  [
    'a device by a way around',
    () => options({ 'ropeway/devices': '/dev/infiniband/../sda' }),
    /got "\/dev\/infiniband\/\.\.\/sda"/,
  ],
  ['a capability nobody allowed', () => options({ 'ropeway/capabilities': 'SYS_ADMIN' }), /valid: IPC_LOCK/],
  [
    "the host's network where it is not allowed",
    () => options({ 'ropeway/host-network': 'true' }, [], '', DEFAULT_SITE),
    /the administrator does not allow it/,
  ],
  [
    'a pull policy nobody knows',
    () => options({ 'ropeway/pull-policy': 'Always' }),
    /valid: always, missing, never/,
  ],
  [
    'a pull policy that the administrator does not allow',
    () => options({ 'ropeway/pull-policy': 'missing' }, [], '', ALWAYS),
    /got "missing"; valid: always: the administrator allows nothing else/,
  ],
  [
    'a folder outside the list',
    () => options({}, [host('/etc')]),
    /spec\.volumes\[0\]\.host_path: got "\/etc"; valid: below \/data, \/data\/team/,
  ],
  ['a folder that only begins alike', () => options({}, [host('/database')]), /valid: below/],
  ['a way around the list', () => options({}, [host('/data/../etc')]), /it has empty parts, "\." or "\.\."/],
  [
    'writing where only reading is allowed',
    () => options({}, [host('/data/sets', '/m', { read_only: false })]),
    /read_only: got false; valid: true/,
  ],
  [
    'a folder in one that jobs may write, which they could replace by a link',
    () => options({}, [host('/data/team/a', '/m', { read_only: true })]),
    /got "\/data\/team\/a"; valid: \/data\/team as a whole: jobs may write it/,
  ],
  [
    'the same of an export',
    () => options({}, [nfs('10.0.0.1:/exports/m')]),
    /valid: 10\.0\.0\.1:\/exports as a whole/,
  ],
  [
    'another server',
    () => options({}, [nfs('10.0.0.2:/exports')]),
    /got "10\.0\.0\.2:\/exports"; valid: below 10\.0\.0\.1:\/exports/,
  ],
  ['mount options in a path', () => options({}, [nfs('10.0.0.1:/exports,rw')]), /HOST:\/path/],
  ['a mount over the platform', () => options({}, [host('/data', '/run/ropeway')]), /local_path/],
  ['a mount around the home', () => options({}, [host('/data', '/home')]), /nor covers \/home\/work/],
  [
    'two on one place',
    () => options({}, [host('/data/a'), host('/data/b')]),
    /spec\.volumes\[1\]: got "\/mnt\/a"/,
  ],
  [
    'object storage as a volume',
    () => options({}, [{ pfs: { pfs_path: '/b/p', local_path: '/m' } }]),
    /spec\.volumes\[0\]\.pfs/,
  ],
  [
    'two kinds in one',
    () => options({}, [{ ...nfs('10.0.0.1:/exports'), ...host('/data') }]),
    /one of nfs, host_path/,
  ],
  ['a number as a path', () => options({}, [host(7)]), /src_path: got 7; valid: a text/],
  [
    'a misspelt switch',
    () => checkAnnotations({ 'ropeway/shm_size': '8Gi' }),
    /did you mean "ropeway\/shm-size"\?/,
  ],
]
for (const [what, run, message] of REFUSED)
  test(`${what} is refused by name`, () =>
    assert.throws(run, (error) => {
      assert.ok(error instanceof AppError, String(error))
      assert.match(error.message, message)
      return true
    }))
