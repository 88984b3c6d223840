import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DeviceWiring, NO_WIRING } from '../../accelerator/device-wiring.ts'
import { AppError } from '../../api/error.ts'
import { containerOptionsOf } from '../../job/container-options.ts'
import type { PlanInput } from '../../job/ports.ts'
import { DEFAULT_SITE } from '../../job/site.ts'
import type { HostMachine } from './machine.ts'
import { type HostRequest, planJob } from './plan.ts'

const MACHINE: HostMachine = {
  ...{ tasksDir: '/srv/ropeway/tasks', dataDir: '/srv/ropeway', runtimeDir: '/srv/runtime', loader: 'ld.so' },
  ...{ runTrainPath: '/srv/runtime/run_train.sh', isRoot: true, inheritedFds: [] },
  mayRaiseLimits: true,
  tools: { bwrap: '/usr/bin/bwrap', setpriv: '/usr/bin/setpriv' },
  root: [
    { path: '/usr', linkTo: null },
    { path: '/etc', linkTo: null },
    { path: '/lib', linkTo: 'usr/lib' },
  ],
  optional: ['/opt/conda'],
  linkTargets: ['/run/systemd/resolve/stub-resolv.conf'],
  cgroups: { memory: { version: 1, base: '/sys/fs/cgroup/memory/ropeway' } },
}

const INPUT: PlanInput = {
  ...{ jobId: '0123456789abcdef0123456789abcdef', attempt: 2, generation: 1, image: 'host' },
  runUser: { uid: 1101, gid: 1101 },
  writableDirs: [],
  hostNames: [{ name: 'other', address: '127.0.0.3' }],
  mountRunTrain: true,
  annotations: {},
  projectId: 'p',
  container: containerOptionsOf({ request: { kind: 'job', metadata: { name: 'digits' } } }, DEFAULT_SITE),
  tasks: [
    {
      ...{ task: 'worker-0', name: '0123456789ab-2-worker-0', podName: 'pod-0', hostAddress: '127.0.0.2' },
      placement: {
        task: 'worker-0',
        taskIndex: 0,
        hostId: 'sim-0',
        physicalIds: [0],
        cpuCores: 2,
        memoryBytes: 1000,
      },
    },
  ],
}

function requestOf(
  machine: Partial<HostMachine> = {},
  input: Partial<PlanInput> = {},
  wiring: Partial<DeviceWiring> = {},
): HostRequest {
  const plan = planJob({ ...MACHINE, ...machine }, { ...INPUT, ...input }, () => ({
    ...NO_WIRING,
    ...wiring,
  }))
  return plan.tasks[0]!.request as HostRequest
}

/** Targets of `--option source target` in order. */
function targets(request: HostRequest, option: string, words = 2): string[] {
  return request.sandbox.flatMap((word, at) => (word === option ? [request.sandbox[at + words]!] : []))
}

test('every mount comes after the mounts and folders that hold it', () => {
  const request = requestOf({}, { writableDirs: ['/home', '/opt', '/data/deep/er', '/data'] })
  const mounts = request.sandbox.slice(request.sandbox.indexOf('--perms'), -2)
  const order = mounts.filter((word, at) => word.startsWith('/') && !mounts[at + 1]?.startsWith('/'))
  for (const [at, path] of order.entries()) {
    const child = order
      .slice(0, at)
      .find((other) => other !== '/' && other !== path && other.startsWith(`${path}/`))
    assert.equal(path === '/' ? undefined : child, undefined, `${path} comes after ${child}`)
  }
})

test('a folder below another writable one is made in it, and the others get a folder of their own', () => {
  const request = requestOf({}, { writableDirs: ['/home/work/a/b', '/data/deep', '/data'] })
  const made = request.folders.filter((folder) => folder.owner === 'task').map((folder) => folder.path)
  for (const path of ['home-work/a', 'home-work/a/b', 'extra-0', 'extra-0/deep'])
    assert.ok(made.includes(path), path)
  assert.ok(made.indexOf('home-work') < made.indexOf('home-work/a'))
  assert.ok(!targets(request, '--bind').includes('/home/work/a/b'))
  assert.ok(targets(request, '--bind').includes('/data'))
})

test('links of the machine stay links, and a file that /etc points to is brought along', () => {
  const request = requestOf()
  assert.deepEqual(targets(request, '--symlink'), ['/lib'])
  assert.ok(targets(request, '--ro-bind').includes('/run/systemd/resolve/stub-resolv.conf'))
  assert.ok(targets(request, '--ro-bind').includes('/opt/conda'))
})

test('a data folder inside a visible folder is covered', () => {
  const covered = requestOf({ dataDir: '/usr/local/ropeway', tasksDir: '/usr/local/ropeway/tasks' })
  assert.ok(targets(covered, '--tmpfs', 1).includes('/usr/local/ropeway'))
  assert.ok(!targets(requestOf(), '--tmpfs', 1).includes('/srv/ropeway'))
})

test('device files are passed on, and only those', () => {
  assert.deepEqual(targets(requestOf(), '--dev-bind'), [])
  const devices = [{ source: '/elsewhere/davinci0', target: '/dev/davinci0' }]
  assert.deepEqual(targets(requestOf({}, {}, { devices }), '--dev-bind'), ['/dev/davinci0'])
})

test('a task is in the groups that own its devices; uid 1101 is in the driver’s, as images of ModelArts have it', () => {
  const groupsOf = (uid: number, groups: readonly number[]) => {
    const { command } = requestOf({}, { runUser: { uid, gid: uid } }, { groups })
    return command[command.indexOf('--regid') + 2] === '--groups'
      ? command[command.indexOf('--groups') + 1]
      : 'none'
  }
  assert.equal(groupsOf(1101, []), '1000')
  assert.equal(groupsOf(1101, [1000, 44]), '1000,44')
  assert.equal(groupsOf(1000, [44]), '44')
  assert.equal(groupsOf(1000, []), 'none')
})

test('the driver of real devices is mounted where the root does not show it, and its libraries reach the user only', () => {
  const mounts = ['/usr/local/Ascend/driver/lib64', '/opt/Ascend/driver/lib64'].map((path) => ({
    source: path,
    target: path,
  }))
  const environment = { ASCEND_VISIBLE_DEVICES: '0,1' }
  const { sandbox } = requestOf({}, {}, { mounts, environment, libraryPath: ['/opt/Ascend/driver/lib64'] })
  const set = (name: string): string | undefined => sandbox[sandbox.indexOf(name) + 1]
  assert.ok(
    sandbox.includes('/opt/Ascend/driver/lib64') && !sandbox.includes('/usr/local/Ascend/driver/lib64'),
  )
  assert.equal(set('ASCEND_VISIBLE_DEVICES'), '0,1')
  assert.equal(set('ROPEWAY_USER_LD_LIBRARY_PATH'), '/opt/Ascend/driver/lib64')
  assert.ok(!sandbox.includes('LD_LIBRARY_PATH'))
})

const asking = (container: Partial<PlanInput['container']>, more: Partial<PlanInput> = {}) =>
  requestOf({}, { ...more, container: { ...INPUT.container, ...container } })

test('shared memory has the size asked for, half of the task’s memory when nobody said', () => {
  const sizeOf = ({ sandbox }: HostRequest) => sandbox[sandbox.indexOf('--size') + 1]
  assert.equal(sizeOf(requestOf()), '500')
  assert.equal(sizeOf(asking({ shmBytes: 4096 })), '4096')
})

test('limits are set before the right to raise them is given up', () => {
  const ulimits = [
    { name: 'memlock', soft: -1, hard: -1 },
    { name: 'nofile', soft: 512, hard: 1024 },
  ]
  assert.deepEqual(asking({ ulimits }).command.slice(0, 5), [
    '/usr/bin/prlimit',
    '--memlock=unlimited:unlimited',
    '--nofile=512:1024',
    '--',
    '/usr/bin/setpriv',
  ])
  assert.equal(asking({ ulimits: [] }).command[0], '/usr/bin/setpriv')
  const pinning = requestOf({}, { container: { ...INPUT.container, ulimits: [] } }, { locksMemory: true })
  assert.equal(pinning.command[1], '--memlock=unlimited:unlimited')
})

test('an extra device is passed on, and the folder it lies in can be entered', () => {
  const { sandbox } = asking({ devices: ['/dev/infiniband/uverbs0'] })
  const at = sandbox.indexOf('/dev/infiniband')
  assert.deepEqual(sandbox.slice(at - 3, at + 1), ['--perms', '0755', '--dir', '/dev/infiniband'])
  assert.ok(at > sandbox.indexOf('--dev') && at < sandbox.indexOf('/dev/infiniband/uverbs0'))
})

const volume = (target: string, readOnly = true) => ({
  source: { kind: 'host_path' as const, path: '/data/sets' },
  target,
  readOnly,
})

test('a shared folder is bound as it may be used, over the folders of the task', () => {
  const ro = asking({ volumes: [volume('/home/work/sets')] })
  assert.ok(targets(ro, '--ro-bind').includes('/home/work/sets'))
  assert.ok(ro.sandbox.lastIndexOf('/home/work/sets') > ro.sandbox.indexOf('/home/work'))
  assert.ok(targets(asking({ volumes: [volume('/data', false)] }), '--bind').includes('/data'))
})

const REFUSED: readonly (readonly [string, () => unknown, RegExp])[] = [
  [
    'a share that would have to be mounted',
    () =>
      asking({
        volumes: [{ ...volume('/data'), source: { kind: 'nfs', server: '10.0.0.1', path: '/p' } }],
      }),
    /10\.0\.0\.1:\/p".*host_path/,
  ],
  ['a place that is read-only', () => asking({ volumes: [volume('/usr/share/x')] }), /a path outside \/usr/],
  ['root', () => requestOf({}, { runUser: { uid: 0, gid: 0 } }), /run_user: got "0"/],
  [
    'a capability',
    () => requestOf({}, { annotations: { 'ropeway/capabilities': 'IPC_LOCK' } }),
    /got "IPC_LOCK"; valid on the host backend: none/,
  ],
]
for (const [what, run, message] of REFUSED)
  test(`${what} is refused, in words that say why`, () =>
    assert.throws(run, (error) => error instanceof AppError && message.test(error.message)))

test('the hosts file holds localhost, the names of the job and the own name once', () => {
  const lines = requestOf().hosts.trim().split('\n')
  assert.deepEqual(lines.slice(2), ['127.0.0.3 other', '127.0.0.2 pod-0'])
  const named = requestOf({}, { hostNames: [{ name: 'pod-0', address: '127.0.0.2' }] }).hosts
  assert.equal(named.match(/pod-0/g)?.length, 1)
  assert.throws(
    () => requestOf({}, { hostNames: [{ name: 'a\n1.2.3.4 b', address: '127.0.0.2' }] }),
    AppError,
  )
})

test('as root setpriv drops to the uid, without root a user namespace maps it', () => {
  assert.deepEqual(requestOf().command.slice(0, 8), [
    ...['/usr/bin/prlimit', '--core=0:0', '--'],
    ...['/usr/bin/setpriv', '--reuid', '1101', '--regid', '1101'],
  ])
  assert.ok(!requestOf().sandbox.includes('--unshare-user'))
  const request = requestOf({ isRoot: false })
  assert.deepEqual(request.command.slice(0, 4), ['/usr/bin/prlimit', '--core=0:0', '--', '/opt/ropeway/tini'])
  assert.deepEqual(request.sandbox.slice(0, 5), ['--unshare-user', '--uid', '1101', '--gid', '1101'])
})

test('limits say where they are written and what stays unlimited', () => {
  assert.deepEqual(requestOf().limits, {
    memoryBytes: 1000,
    cgroups: [
      {
        path: '/sys/fs/cgroup/memory/ropeway/0123456789ab-2-worker-0',
        values: { 'memory.limit_in_bytes': '1000' },
      },
    ],
    notLimited: ['cpu', 'pids'],
  })
  const most = { ...INPUT.container, cpuLimit: true }
  const cpu = (version: 1 | 2) =>
    requestOf({ cgroups: { cpu: { version, base: '/c' } } }, { container: most }).limits.cgroups[0]?.values
  assert.deepEqual(cpu(1), {
    ...{ 'cpu.shares': '2048', 'cpu.cfs_period_us': '100000', 'cpu.cfs_quota_us': '200000' },
  })
  assert.deepEqual(cpu(2), { 'cpu.weight': '79', 'cpu.max': '200000 100000' })
  const two = { version: 2, base: '/sys/fs/cgroup/ropeway' } as const
  assert.deepEqual(requestOf({ cgroups: { memory: two, cpu: two, pids: two } }).limits, {
    memoryBytes: 1000,
    cgroups: [
      {
        path: '/sys/fs/cgroup/ropeway/0123456789ab-2-worker-0',
        values: { 'memory.max': '1000', 'cpu.weight': '79', 'pids.max': '32768' },
      },
    ],
    notLimited: [],
  })
})

test('a data folder too long for a socket is refused with the limit and by how much', () => {
  const dataDir = `/srv/${'x'.repeat(80)}`
  assert.throws(
    () => requestOf({ dataDir, tasksDir: `${dataDir}/tasks` }),
    (error) => error instanceof AppError && /limit is 107.*at least \d+ bytes shorter/.test(error.message),
  )
})
