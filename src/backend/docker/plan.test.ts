import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DeviceWiring, NO_WIRING } from '../../accelerator/device-wiring.ts'
import type { PlanInput } from '../../job/ports.ts'
import { withLockedMemory } from '../limits.ts'
import { type DockerMachine, type DockerRequest, planJob } from './plan.ts'

const MACHINE: DockerMachine = {
  ...{ dataDir: '/srv/rw', tasksDir: '/srv/rw/tasks', runtimeDir: '/srv/rw/runtime-1', isRoot: true },
  ...{ runTrainPath: '/srv/rw/runtime-1/run_train.sh', loader: 'ld.so', instanceId: 'one', bootId: 'b' },
  mayRaiseLimits: true,
}

/** Tasks on the hosts named; each host has the address 127.64.0.<n>. */
function requests(
  hosts: readonly number[],
  more: Partial<PlanInput> = {},
  wiring: Partial<DeviceWiring> = {},
): DockerRequest[] {
  const input: PlanInput = {
    ...{ jobId: '0123456789abcdef', projectId: 'p', attempt: 2, generation: 2, image: 'train:1' },
    ...{ runUser: { uid: 1000, gid: 100 }, writableDirs: [], mountRunTrain: true, annotations: {} },
    hostNames: hosts.map((host, index) => ({
      name: `w${index}`,
      address: `127.64.0.${host}`,
      task: `worker-${index}`,
    })),
    container: {
      ...{
        pullPolicy: 'missing',
        shmBytes: null,
        cpuLimit: false,
        ulimits: [],
        devices: ['/dev/x'],
        capabilities: ['IPC_LOCK'],
      },
      ...{ hostNetwork: false, volumes: [], cacheDir: null },
    },
    tasks: hosts.map((host, taskIndex) => ({
      ...{
        task: `worker-${taskIndex}`,
        name: `0123456789ab-2-worker-${taskIndex}`,
        podName: `pod-${taskIndex}`,
      },
      hostAddress: `127.64.0.${host}`,
      placement: {
        ...{ task: `worker-${taskIndex}`, taskIndex, hostId: `h${host}`, physicalIds: [] },
        ...{ cpuCores: 2, memoryBytes: 1 << 30 },
      },
    })),
    ...more,
  }
  return planJob(MACHINE, input, () => ({ ...NO_WIRING, ...wiring })).tasks.map(
    ({ request }) => request as DockerRequest,
  )
}

test('a container may do little, ends only when told, and is never taken away by the engine', () => {
  const { HostConfig, User, Entrypoint, Healthcheck, StopSignal } = requests([1])[0]!.create
  assert.equal(User, '1000:100')
  assert.deepEqual(Entrypoint.slice(0, 3), ['/opt/ropeway/tini', '--', '/opt/ropeway/lib/ld.so'])
  assert.deepEqual(Entrypoint.slice(-2), ['/opt/ropeway/launcher.js', 'task'])
  assert.deepEqual([Healthcheck.Test, StopSignal], [['NONE'], 'SIGTERM'])
  const { CapDrop, CapAdd, SecurityOpt, Memory, MemorySwap, ShmSize, CpuShares, PidsLimit } = HostConfig
  assert.deepEqual([CapDrop, CapAdd, SecurityOpt], [['ALL'], ['IPC_LOCK'], ['no-new-privileges']])
  assert.deepEqual([Memory, MemorySwap, ShmSize], [1 << 30, 1 << 30, 1 << 29])
  assert.deepEqual([CpuShares, PidsLimit], [2048, 32_768])
  assert.deepEqual(HostConfig.RestartPolicy, { Name: 'no' })
  assert.ok(!('AutoRemove' in HostConfig) && !('Privileged' in HostConfig))
})

test('device files of the placement and of the job are passed on, each once', () => {
  const devices = ['/dev/davinci0', '/dev/x'].map((path) => ({ source: path, target: path }))
  const { Devices } = requests([1], {}, { devices })[0]!.create.HostConfig
  assert.deepEqual(
    Devices.map(({ PathOnHost }) => PathOnHost),
    ['/dev/davinci0', '/dev/x'],
  )
})

test('a container is in the groups that own its devices, and the driver’s with uid 1101', () => {
  const groupsOf = (uid: number, groups: readonly number[]) =>
    requests([1], { runUser: { uid, gid: uid } }, { groups })[0]!.create.HostConfig.GroupAdd
  assert.deepEqual(groupsOf(1101, [44]), ['1000', '44'])
  assert.deepEqual(groupsOf(1000, [1000, 44]), ['44'])
})

test('cores are a share, or a limit where the site says so', () => {
  const of = (cpuLimit: boolean) => {
    const [request] = requests([1], { container: { ...containerOf(), cpuLimit } })
    const { CpuShares, CpuPeriod, CpuQuota } = request!.create.HostConfig
    return [CpuShares, CpuPeriod, CpuQuota]
  }
  assert.deepEqual(of(false), [2048, undefined, undefined])
  assert.deepEqual(of(true), [2048, 100_000, 200_000])
})

test('programs may pin memory for Ascend devices, unless a limit is named or the engine may lift none', () => {
  const memlock = (ulimits: PlanInput['container']['ulimits'], locksMemory: boolean) =>
    requests([1], { container: { ...containerOf(), ulimits } }, { locksMemory })[0]!.create.HostConfig.Ulimits
  assert.deepEqual(memlock([], true), [{ Name: 'memlock', Soft: -1, Hard: -1 }])
  assert.deepEqual(memlock([], false), [])
  const named = { name: 'memlock', soft: 1, hard: 2 }
  assert.deepEqual(memlock([named], true), [{ Name: 'memlock', Soft: 1, Hard: 2 }])
  assert.deepEqual(withLockedMemory([], { locksMemory: true }, false), [])
})

test('one task shares a network, several have one of their own, and some the one of the machine', () => {
  const kinds = (hosts: number[], hostNetwork = false) =>
    requests(hosts, hostNetwork ? { container: { ...containerOf(), hostNetwork } } : {}).map(
      ({ network }) => network.kind,
    )
  assert.deepEqual(kinds([1]), ['shared'])
  assert.deepEqual(kinds([1, 2]), ['own', 'own'])
  assert.deepEqual(kinds([1, 2], true), ['host', 'host'])
})

const containerOf = (): PlanInput['container'] => ({
  ...{ pullPolicy: 'missing', shmBytes: null, cpuLimit: false, ulimits: [], devices: [], capabilities: [] },
  ...{ hostNetwork: false, volumes: [], cacheDir: null },
})

test('tasks on one host share the address and the namespace of a container that outlives them', () => {
  const [a, b, c] = requests([1, 1, 2])
  assert.deepEqual(
    [a, b, c].map((one) => one?.network.addressOf),
    ['worker-0', 'worker-0', 'worker-2'],
  )
  assert.deepEqual(
    [a, b, c].map((one) => one?.network.holder),
    ['0123456789ab-2-net-0', '0123456789ab-2-net-0', null],
  )
  assert.deepEqual(
    [a, b, c].map((one) => one?.holderCreate !== null),
    [true, false, false],
  )
  assert.deepEqual(b?.create.HostConfig.NetworkMode, 'container:0123456789ab-2-net-0')
  assert.equal(b?.create.HostConfig.ExtraHosts, undefined)
  assert.deepEqual(a?.holderCreate?.HostConfig.ExtraHosts?.slice(0, 3), [
    'w0:{worker-0}',
    'w1:{worker-0}',
    'w2:{worker-2}',
  ])
  assert.deepEqual(c?.create.HostConfig.ExtraHosts?.slice(0, 3), [
    'w0:{worker-0}',
    'w1:{worker-0}',
    'w2:{worker-2}',
  ])
})

test("with the machine's network names lead to the hosts", () => {
  const [first] = requests([1, 2], { container: { ...containerOf(), hostNetwork: true } })
  assert.deepEqual(first?.create.HostConfig.ExtraHosts?.slice(0, 2), ['w0:127.64.0.1', 'w1:127.64.0.2'])
})

test('bulk data lies on this machine; homes are made in the root of the container, so nothing of the image is covered', () => {
  const { create, hostFolders, rootFolders } = requests([1], {
    writableDirs: ['/cache/a/b', '/data/deep'],
  })[0]!
  const targets = create.HostConfig.Mounts.map(({ Target }) => Target)
  assert.deepEqual(targets, [
    ...['/opt/ropeway', '/run/ropeway', '/run/ropeway/spool'],
    ...[
      '/home/ma-user/modelarts/inputs',
      '/home/ma-user/modelarts/outputs',
      '/cache',
      '/home/work/run_train.sh',
    ],
  ])
  const made = hostFolders.map(({ path }) => path)
  for (const path of ['cache', 'cache/a', 'cache/a/b'])
    assert.ok(made.includes(`/srv/rw/tasks/0123456789ab-2-worker-0/${path}`))
  const root = new Map(rootFolders.map((folder) => [folder.path, folder]))
  for (const path of ['/home/work', '/home/ma-user', '/home/ma-user/modelarts', '/user/config', '/data/deep'])
    assert.equal(root.get(path)?.owner, 'task', path)
  assert.deepEqual(root.get('/tmp'), { path: '/tmp', mode: 0o1777, owner: 'root' })
})

test('an NFS export goes through a volume of the engine, a folder of this machine does not', () => {
  const volumes = [
    { source: { kind: 'nfs', server: '10.0.0.9', path: '/export' }, target: '/n', readOnly: true },
    { source: { kind: 'host_path', path: '/srv/d' }, target: '/d', readOnly: false },
  ] as const
  const [nfs, folder] = requests([1], {
    container: { ...containerOf(), volumes },
  })[0]!.create.HostConfig.Mounts.slice(-2)
  assert.deepEqual([nfs?.Type, nfs?.Source, nfs?.ReadOnly], ['volume', '0123456789ab-2-worker-0-nfs-0', true])
  assert.deepEqual(nfs?.VolumeOptions?.DriverConfig.Options, {
    type: 'nfs',
    o: 'addr=10.0.0.9,ro',
    device: ':/export',
  })
  assert.equal(nfs?.VolumeOptions?.Labels['ropeway.instance'], 'one')
  assert.deepEqual([folder?.Type, folder?.Source, folder?.ReadOnly], ['bind', '/srv/d', false])
})
