// What the docker backend makes of networks, volumes, limits and folders that a site or a job asks for.
import assert from 'node:assert/strict'
import { access, chmod, mkdir, mkdtemp, readdir, rm, rmdir, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { DockerRequest } from '../../src/backend/docker/plan.ts'
import { type DockerEngine, startDockerEngine } from '../engines/dockerd.ts'
import { busyboxFiles, importImage } from '../engines/images.ts'
import { openDocker, SUITE_IMAGE } from './backend-docker-harness.ts'
import { keepsLinks } from './backend-docker-links.ts'
import { type Harness, makeJob, planInput, SIGNAL, until, untilState, untilUp } from './backend-harness.ts'

let engine: DockerEngine
let harness: Harness
before(async () => {
  engine = await startDockerEngine()
  harness = await openDocker(async () => engine)
})
after(() => harness[Symbol.asyncDispose]())

const nameOf = (plan: { tasks: readonly { name: string }[] }): string => plan.tasks[0]!.name
const observe = (ref: Parameters<Harness['leftovers']>[0]) => harness.backend.observe(ref, SIGNAL)

test('a job of several tasks gets a network of its own, beside whatever the engine has', async () => {
  const stranger = await engine.docker.createNetwork({
    Name: 'stranger',
    IPAM: { Driver: 'default', Config: [{ Subnet: '10.212.8.0/21' }] },
  })
  const jobs = await Promise.all(
    Array.from({ length: 3 }, () => makeJob(harness, [{ kind: 'polite' }, { kind: 'polite' }])),
  )
  await Promise.all(jobs.map(({ plan }) => harness.backend.start(plan, SIGNAL)))
  const seen = (await Promise.all(jobs.map(({ ref }) => observe(ref))))
    .flat()
    .map(({ address }) => address ?? '')
  assert.equal(new Set(seen).size, 6)
  const networks = await engine.docker.listNetworks({ filters: { label: ['ropeway.job'] } })
  assert.equal(networks.length, 3)
  for (const { IPAM } of networks) assert.match(IPAM?.Config?.[0]?.Subnet ?? '', /^10\.212\.\d+\.\d+\/29$/)
  await Promise.all(jobs.map(({ ref }) => harness.backend.remove(ref, SIGNAL)))
  for (const { ref } of jobs) assert.deepEqual(await harness.leftovers(ref), [])
  await stranger.remove()
})

test('one-task jobs share a network and cannot reach one another in it; tasks of one job can', async () => {
  const listen = { kind: 'script', text: 'nc -l -p 7000 </dev/null' } as const
  const call = (address: string) =>
    `nc -w 2 ${address} 7000 </dev/null >/run/ropeway/spool/said 2>&1 && exit 0; exit 1`
  const reach = async (
    waiting: Awaited<ReturnType<typeof makeJob>>,
    calling: typeof waiting,
    index: number,
  ) => {
    const [ref, task] = [calling.ref, `worker-${index}`]
    const address = (await observe(waiting.ref))[0]?.address ?? ''
    const runDir = harness.backend.runDir(ref, task) ?? ''
    await writeFile(join(runDir, 'call.sh'), call(address))
    return until(
      'the call is over',
      () => observe(ref),
      (seen) => seen[index]?.state === 'exited',
    )
  }
  const wait = 'until test -e /run/ropeway/call.sh; do sleep 0.02; done; . /run/ropeway/call.sh'
  const [one, two] = [
    await makeJob(harness, [listen]),
    await makeJob(harness, [{ kind: 'script', text: wait }]),
  ]
  const both = await makeJob(harness, [listen, { kind: 'script', text: wait }])
  for (const job of [one, two, both]) await harness.backend.start(job.plan, SIGNAL)
  for (const job of [one, two, both]) await untilUp(harness, job.ref)
  assert.equal((await reach(one, two, 0))[0]?.exitCode, 1)
  assert.equal((await reach(both, both, 1))[1]?.exitCode, 0)
  for (const job of [one, two, both]) await harness.backend.remove(job.ref, SIGNAL)
})

test("with the host's network a task has the address of its host", async () => {
  const { ref, input } = await makeJob(harness, [{ kind: 'polite' }])
  const plan = harness.backend.plan({ ...input, container: { ...input.container, hostNetwork: true } })
  await harness.backend.start(plan, SIGNAL)
  await untilUp(harness, ref)
  assert.equal((await observe(ref))[0]?.address, '127.0.0.2')
  const { HostConfig } = await engine.docker.getContainer(nameOf(plan)).inspect()
  assert.equal(HostConfig.NetworkMode, 'host')
  await harness.backend.remove(ref, SIGNAL)
})

test('/cache lies on the disk the administrator chose, and is wiped at the end', async () => {
  const cacheDir = await mkdtemp(join(tmpdir(), 'rwc-'))
  const { ref, input } = await makeJob(harness, [
    { kind: 'script', text: 'mkdir -m 0 /cache/closed && echo x >/cache/file' },
  ])
  const plan = harness.backend.plan({ ...input, container: { ...input.container, cacheDir } })
  await harness.backend.start(plan, SIGNAL)
  assert.equal((await untilState(harness.backend, ref, 'exited'))[0]?.exitCode, 0)
  await access(join((plan.tasks[0]!.request as DockerRequest).cache, 'file'))
  await harness.backend.remove(ref, SIGNAL)
  assert.deepEqual(await readdir(cacheDir), [])
  await rm(cacheDir, { recursive: true })
  const again = await makeJob(harness, [{ kind: 'polite' }])
  const lost = harness.backend.plan({ ...again.input, container: { ...again.input.container, cacheDir } })
  await assert.rejects(
    harness.backend.start(lost, SIGNAL),
    /cache_dir .* is not there; is its disk mounted\?/,
  )
  await harness.backend.remove(again.ref, SIGNAL)
})

test('what an image brings is there and belongs to the task, and nothing is left in its place', async () => {
  const image = 'brings:1'
  await importImage(engine.docker, image, [
    ...(await busyboxFiles()),
    ...['home/', 'home/ma-user/', 'home/ma-user/conda/', 'home/work/'].map((path) => ({ path })),
    { path: 'home/ma-user/conda/python', content: 'snake' },
    { path: 'home/work/tool', content: 'hammer' },
    { path: 'tmp/junk', content: 'dust' },
  ])
  const text = `exec >/run/ropeway/spool/out 2>&1
cat /home/ma-user/conda/python /home/work/tool /tmp/junk; echo
for d in /home/ma-user /home/work /tmp/log /user/config; do stat -c '%u %n' $d; : >$d/mine; done
id -un; rm -r /tmp/log && echo gone`
  const { ref, input } = await makeJob(harness, [{ kind: 'script', text }])
  await harness.backend.start(harness.backend.plan({ ...input, image }), SIGNAL)
  assert.equal((await untilState(harness.backend, ref, 'exited'))[0]?.exitCode, 0)
  const { uid } = input.runUser
  assert.deepEqual((await harness.real!.readSpool(ref, 'worker-0', 'out'))?.trim().split('\n'), [
    'snakehammerdust',
    ...['/home/ma-user', '/home/work', '/tmp/log', '/user/config'].map((path) => `${uid} ${path}`),
    uid === 1000 ? 'ma-user' : 'work',
    'gone',
  ])
  await harness.backend.remove(ref, SIGNAL)
  assert.deepEqual(await harness.leftovers(ref), [])
  // The container that the image was looked at in goes behind the back of the task.
  await until(
    'no container is left',
    () => engine.docker.listContainers({ all: true }),
    (left) => left.length === 0,
  )
})

test('links of the image in the place of folders stay and lead to what they led to; a file there is refused', () =>
  keepsLinks(harness, engine.docker))

test('volumes of the administrator are mounted as allowed; limits, capabilities and groups reach the program', async () => {
  const shared = await mkdtemp(join(tmpdir(), 'rwv-'))
  await mkdir(join(shared, 'writable'))
  await chmod(shared, 0o755)
  await chmod(join(shared, 'writable'), 0o777)
  const text = `ls /ro; (: >/ro/x) 2>/dev/null || echo refused; : >/rw/made; ulimit -n; ulimit -c; ulimit -s; ulimit -l
id -G; grep CapBnd /proc/self/status
cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null || cut -d' ' -f1 /sys/fs/cgroup/cpu.max
awk '$2 == "/dev/shm" { print $4 }' /proc/mounts | grep -o 'size=[0-9]*k'`
  const { ref, input } = await makeJob(harness, [
    { kind: 'script', text: `exec >/run/ropeway/spool/out 2>&1\n${text}` },
  ])
  const volume = (path: string, target: string, readOnly: boolean) => ({
    ...{ source: { kind: 'host_path', path } as const, target, readOnly },
  })
  const plan = harness.backend.plan({
    ...input,
    runUser: { uid: 1101, gid: 1101 },
    container: {
      ...input.container,
      shmBytes: 96 << 20,
      cpuLimit: true,
      ulimits: [
        ...input.container.ulimits,
        { name: 'nofile', soft: 512, hard: 1024 },
        { name: 'stack', soft: 16 << 20, hard: 64 << 20 },
        { name: 'memlock', soft: 32 << 10, hard: 32 << 10 },
      ],
      capabilities: ['IPC_LOCK'],
      volumes: [volume(shared, '/ro', true), volume(join(shared, 'writable'), '/rw', false)],
    },
  })
  await harness.backend.start(plan, SIGNAL)
  await untilState(harness.backend, ref, 'exited')
  const out = (await harness.real!.readSpool(ref, 'worker-0', 'out'))?.trim().split('\n')
  assert.deepEqual(out, [
    ...['writable', 'refused', '512', '0', '16384', '32', '1101 1000'],
    ...['CapBnd:\t0000000000004000', '100000', `size=${96 * 1024}k`],
  ])
  assert.deepEqual(await readdir(join(shared, 'writable')), ['made'])
  await harness.backend.remove(ref, SIGNAL)
  assert.deepEqual(await readdir(join(shared, 'writable')), ['made'])
  await rm(shared, { recursive: true })
})

test('a shared folder that became a link after its container was made is not mounted', async () => {
  const shared = await mkdtemp(join(tmpdir(), 'rwv-'))
  await mkdir(join(shared, 'sets'))
  const { ref, input } = await makeJob(harness, [{ kind: 'polite' }])
  const source = { kind: 'host_path', path: join(shared, 'sets') } as const
  const volumes = [{ source, target: '/sets', readOnly: true }]
  const plan = harness.backend.plan({ ...input, container: { ...input.container, volumes } })
  const { Labels } = (plan.tasks[0]!.request as DockerRequest).create
  await engine.docker.createContainer({ name: nameOf(plan), Image: SUITE_IMAGE, Cmd: ['true'], Labels })
  await rmdir(join(shared, 'sets'))
  await symlink('/', join(shared, 'sets'))
  await assert.rejects(harness.backend.start(plan, SIGNAL), /sets", which leads through a symbolic link/)
  const { State } = await engine.docker.getContainer(nameOf(plan)).inspect()
  assert.equal(State.Status, 'created')
  await harness.backend.remove(ref, SIGNAL)
  await rm(shared, { recursive: true })
})

test('an NFS export that nobody serves ends the task with a sentence, and its volume goes', async () => {
  const { ref, input } = await makeJob(harness, [{ kind: 'polite' }])
  const source = { kind: 'nfs', server: '127.0.0.1', path: '/exports' } as const
  const volumes = [{ source, target: '/mnt/models', readOnly: true }]
  const plan = harness.backend.plan({ ...input, container: { ...input.container, volumes } })
  await harness.backend.start(plan, SIGNAL)
  const [seen] = await observe(ref)
  assert.deepEqual([seen?.state, seen?.exitCode], ['exited', 128])
  assert.match(
    seen?.message ?? '',
    /^The NFS export 127\.0\.0\.1:\/exports could not be mounted at \/mnt\/models: (the kernel of this machine has no NFS|no NFS server answers there) \(/,
  )
  await harness.backend.remove(ref, SIGNAL)
  assert.deepEqual(await harness.leftovers(ref), [])
})

test('the plan shows the bodies, addresses as the names of tasks, and starts nothing', () => {
  const input = { ...planInput(['worker-0', 'worker-1']), image: SUITE_IMAGE }
  const names = [{ name: 'w1', address: '127.0.0.3', task: 'worker-1' }]
  const request = harness.backend.plan({ ...input, hostNames: names }).tasks[0]!.request as DockerRequest
  const { HostConfig, Image } = request.create
  assert.equal(Image, '{image}')
  assert.equal(HostConfig.NetworkMode, '{network}')
  assert.deepEqual(HostConfig.ExtraHosts?.[0], 'w1:{worker-1}')
  assert.ok(!JSON.stringify(request).includes('AutoRemove'))
})
