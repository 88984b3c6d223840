// Cases of backends whose tasks get a world of their own: folders, names, user, and what must stay out of sight.
import assert from 'node:assert/strict'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../src/api/error.ts'
import { WRITABLE_DIRS } from '../../src/job/places.ts'
import type { Capability } from './backend-capabilities.ts'
import {
  type Case,
  type Harness,
  type JobOverrides,
  makeJob,
  planInput,
  SIGNAL,
  until,
  untilState,
} from './backend-harness.ts'
import { realParts } from './backend-processes.ts'

/** Runs a script to its end and returns what it wrote to $OUT. */
async function outputOf(harness: Harness, script: string, overrides?: JobOverrides): Promise<string> {
  const real = realParts(harness)
  const text = `OUT=/run/ropeway/spool/out; exec >$OUT 2>&1\n${script}`
  const { ref, plan } = await makeJob(harness, [{ kind: 'script', text }], overrides)
  await harness.backend.start(plan, SIGNAL)
  const [seen] = await untilState(harness.backend, ref, 'exited', 'lost')
  const out = await real.readSpool(ref, 'worker-0', 'out')
  await harness.backend.remove(ref, SIGNAL)
  assert.equal(seen?.state, 'exited', seen?.message)
  return out ?? ''
}

const REFUSED_FOLDERS = [
  'relative/path',
  '/',
  '/etc',
  '/usr',
  '/home/../etc',
  '/opt/ropeway/x',
  '/run/ropeway',
  '/proc/1',
  '/a//b',
  '/a\nb',
]
const REFUSED_IN_READ_ONLY_ROOT = ['/usr/local/data', '/etc/hccl']

const refusal = (folder: string, needs: Capability): Case => ({
  title: `the folder ${JSON.stringify(folder)} is refused, naming it and the uid`,
  needs,
  async run(harness) {
    const input = await harness.prepare(planInput(['worker-0'], { writableDirs: [folder] }), new Map())
    assert.throws(
      () => harness.backend.plan(input),
      (error) =>
        error instanceof AppError &&
        error.code === 'InvalidParam' &&
        error.message.includes(JSON.stringify(folder)) &&
        /uid 1000/.test(error.message),
    )
  },
})

export const SANDBOX_CASES: readonly Case[] = [
  ...(
    [
      [1000, 100],
      [1101, 1101],
      [4321, 1234],
    ] as const
  ).map(
    ([uid, gid]): Case => ({
      title: `every listed folder is there and writable for uid ${uid}, and what it writes is that uid's`,
      needs: 'sandbox',
      async run(harness) {
        const dirs = [...WRITABLE_DIRS, '/data/deep/er', '/home/ma-user/user-job-dir/x', '/scratch']
        const script = `id -u; id -g; for d in ${dirs.join(' ')}; do : >$d/probe && stat -c '%u:%g' $d/probe; done`
        const out = await outputOf(harness, script, { writableDirs: dirs, runUser: { uid, gid } })
        assert.deepEqual(out.trim().split('\n'), [
          String(uid),
          String(gid),
          ...dirs.map(() => `${uid}:${gid}`),
        ])
      },
    }),
  ),
  {
    title: 'names of the job resolve, and so does the own host name',
    needs: 'sandbox',
    async run(harness) {
      const real = realParts(harness)
      const hostNames = [
        { name: 'worker-0.ring', address: '127.0.0.2', task: 'worker-0' },
        { name: 'worker-1.ring', address: '127.0.0.3', task: 'worker-1' },
      ]
      // Where there is no getent there is no resolver to ask either, but for the file.
      const text = `exec >/run/ropeway/spool/out
find() { if command -v getent >/dev/null; then getent ahostsv4 $1; else grep -w "$1\\$" /etc/hosts; fi | head -n 1; }
for n in worker-0.ring worker-1.ring localhost "$(hostname)"; do find $n; done`
      const { ref, plan } = await makeJob(harness, [{ kind: 'script', text }, { kind: 'polite' }], {
        hostNames,
      })
      await harness.backend.start(plan, SIGNAL)
      const seen = await until(
        'worker-0 exited',
        () => harness.backend.observe(ref, SIGNAL),
        ([first]) => first?.state === 'exited',
      )
      const found = ((await real.readSpool(ref, 'worker-0', 'out')) ?? '').trim().split('\n')
      await harness.backend.remove(ref, SIGNAL)
      const [first, second] = seen.map(({ address }) => address)
      assert.notEqual(first, second)
      assert.deepEqual(
        found.map((line) => line.split(/\s+/)[0]),
        [first, second, '127.0.0.1', first],
      )
    },
  },
  {
    title: "the server's data folder, its homes and other tasks' processes are out of sight",
    needs: 'sandbox',
    async run(harness) {
      const { dataDir } = realParts(harness)
      await access(dataDir)
      const script = `ls -d ${dataDir} ${join(dataDir, 'tasks')} /root /var/lib 2>/dev/null; ls -d /proc/[0-9]* | wc -l`
      const out = await outputOf(harness, script)
      assert.equal(out.trim().split('\n').length, 1, out)
      assert.ok(Number(out.trim()) < 10, out)
    },
  },
  {
    title: 'the root, the runtime, run_train.sh and the run folder cannot be changed from inside',
    needs: 'sandbox',
    async run(harness) {
      const script = `for p in /x /usr/x /etc/x /opt/ropeway/x /run/x /run/ropeway/task.sock /home/x; do
  (: >$p) 2>/dev/null && echo "wrote $p"; done
  (echo x >/home/work/run_train.sh) 2>/dev/null && echo "changed run_train.sh"
  test -r /home/work/run_train.sh && echo readable`
      assert.equal((await outputOf(harness, script)).trim(), 'readable')
    },
  },
  {
    title: 'the environment is clean, the user has a name, and no privilege is left',
    needs: 'sandbox',
    async run(harness) {
      const script = `tr '\\0' '\\n' </proc/1/environ | cut -d= -f1 | sort | tr '\\n' ' '; echo
id -un; grep -E '^(CapPrm|CapEff|CapBnd|NoNewPrivs)' /proc/self/status | tr -d '\\t'
for fd in /proc/1/fd/*; do test ${'$'}{fd##*/} -lt 3 || readlink $fd; done | sort -u; : >/dev/shm/x && echo shm`
      const lines = (await outputOf(harness, script)).trim().split('\n')
      const none = '0'.repeat(16)
      assert.match(lines[0] ?? '', realParts(harness).environment)
      assert.deepEqual(lines.slice(1, 3), ['ma-user', `CapPrm:${none}`])
      assert.equal(lines[3], `CapEff:${none}`)
      assert.equal(lines[5], 'NoNewPrivs:1')
      // Whatever the server was started with (a build tool's pipe, say) must not be open in a task.
      assert.deepEqual(
        lines.slice(6).filter((line) => line !== '/dev/null'),
        ['shm'],
      )
    },
  },
  {
    title: 'an image this backend cannot run is refused by name',
    needs: 'sandbox',
    async run(harness) {
      const { image, words } = realParts(harness).refused
      const input = planInput(['worker-0'], { image })
      assert.throws(
        () => harness.backend.plan(input),
        (error) => error instanceof AppError && error.code === 'ImageNotFound' && words.test(error.message),
      )
    },
  },
  ...REFUSED_FOLDERS.map((folder) => refusal(folder, 'sandbox')),
  ...REFUSED_IN_READ_ONLY_ROOT.map((folder) => refusal(folder, 'readOnlyRoot')),
]
