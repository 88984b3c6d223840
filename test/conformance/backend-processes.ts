// Cases of backends that run real processes: kill -9 of every part, and what must not run twice or be left behind.
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import {
  type Case,
  type Harness,
  makeJob,
  type RealParts,
  SIGNAL,
  until,
  untilState,
  untilUp,
} from './backend-harness.ts'

/** A case with `needs` is run only where the parts are real. */
export function realParts(harness: Harness): RealParts {
  assert.ok(harness.real !== null, 'the harness of a backend with real processes must say how to reach them')
  return harness.real
}

/** Command lines of every process of the machine. */
async function allCommandLines(): Promise<string> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const texts = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return texts.join('\n')
}

const untilGone = (real: RealParts, ref: Parameters<RealParts['processes']>[0]) =>
  until(
    'no process left',
    () => real.processes(ref, 'worker-0'),
    (pids) => pids.length === 0,
  )

export const PROCESS_CASES: readonly Case[] = [
  {
    title:
      'kill -9 of the supervisor leaves the task running; stopped, it is lost, and nothing of it is left',
    needs: 'supervisor',
    async run(harness) {
      const real = realParts(harness)
      const { ref, plan } = await makeJob(harness, [{ kind: 'polite' }])
      await harness.backend.start(plan, SIGNAL)
      await untilUp(harness, ref)
      await real.kill(ref, 'worker-0', 'supervisor')
      assert.equal((await harness.backend.observe(ref, SIGNAL))[0]?.state, 'running')
      await harness.backend.start(plan, SIGNAL)
      assert.equal(await harness.timesRun(ref, 'worker-0'), 1)
      await harness.backend.stop(ref, 20_000, SIGNAL)
      const [seen] = await harness.backend.observe(ref, SIGNAL)
      assert.equal(seen?.state, 'lost')
      assert.match(seen?.message ?? '', /supervisor was killed/)
      assert.deepEqual(await real.processes(ref, 'worker-0'), [])
      await harness.backend.start(plan, SIGNAL)
      assert.equal((await harness.backend.observe(ref, SIGNAL))[0]?.state, 'lost')
      await harness.backend.remove(ref, SIGNAL)
      assert.deepEqual(await harness.leftovers(ref), [])
    },
  },
  {
    title: "kill -9 of the sandbox's watcher does not hide the task that still runs",
    needs: 'supervisor',
    async run(harness) {
      const real = realParts(harness)
      const { ref, plan } = await makeJob(harness, [{ kind: 'polite' }])
      await harness.backend.start(plan, SIGNAL)
      await untilUp(harness, ref)
      await real.kill(ref, 'worker-0', 'sandbox')
      assert.equal((await harness.backend.observe(ref, SIGNAL))[0]?.state, 'running')
      await harness.backend.stop(ref, 20_000, SIGNAL)
      assert.equal((await harness.backend.observe(ref, SIGNAL))[0]?.state, 'lost')
      assert.deepEqual(await real.processes(ref, 'worker-0'), [])
      await harness.backend.remove(ref, SIGNAL)
      assert.deepEqual(await harness.leftovers(ref), [])
    },
  },
  {
    title: 'kill -9 of the first process ends the whole task with 137',
    needs: 'processes',
    async run(harness) {
      const real = realParts(harness)
      const { ref, plan } = await makeJob(harness, [{ kind: 'stubborn' }])
      await harness.backend.start(plan, SIGNAL)
      await untilUp(harness, ref)
      await real.kill(ref, 'worker-0', 'first-process')
      const [seen] = await untilState(harness.backend, ref, 'exited', 'lost')
      assert.deepEqual([seen?.state, seen?.exitCode], ['exited', 137])
      await untilGone(real, ref)
      await harness.backend.remove(ref, SIGNAL)
    },
  },
  {
    title: 'a grandchild in a session of its own dies with the task',
    needs: 'processes',
    async run(harness) {
      const real = realParts(harness)
      const text = `trap 'exit 143' TERM
setsid sh -c 'trap "" TERM; echo up >>/run/ropeway/spool/grandchild; while :; do sleep 1; done' &
while :; do sleep 0.02; done`
      const { ref, plan } = await makeJob(harness, [{ kind: 'script', text }])
      await harness.backend.start(plan, SIGNAL)
      await until(
        'grandchild up',
        () => real.readSpool(ref, 'worker-0', 'grandchild'),
        (seen) => seen !== null,
      )
      assert.ok((await real.processes(ref, 'worker-0')).length >= 3)
      await harness.backend.stop(ref, 20_000, SIGNAL)
      assert.deepEqual(await real.processes(ref, 'worker-0'), [])
      assert.equal((await harness.backend.observe(ref, SIGNAL))[0]?.exitCode, 143)
      await harness.backend.remove(ref, SIGNAL)
      assert.deepEqual(await harness.leftovers(ref), [])
    },
  },
  {
    title: 'what the plan holds stays out of every command line of the machine',
    needs: 'processes',
    async run(harness) {
      const token = `planted-${process.hrtime.bigint()}`
      const { ref, plan } = await makeJob(harness, [{ kind: 'polite' }], {
        hostNames: [{ name: token, address: '127.0.0.9' }],
        writableDirs: [`/home/ma-user/${token}`, `/data/${token}`],
      })
      await harness.backend.start(plan, SIGNAL)
      await untilUp(harness, ref)
      assert.ok(!(await allCommandLines()).includes(token))
      await harness.backend.remove(ref, SIGNAL)
    },
  },
  {
    title: 'a task killed for want of memory says so',
    needs: 'limits',
    async run(harness) {
      const text = 'awk \'BEGIN { s = "0123456789abcdef"; while (1) s = s s }\'; exit $?'
      const { ref, plan } = await makeJob(harness, [{ kind: 'script', text }], {
        memoryBytes: 48 * 1024 ** 2,
      })
      await harness.backend.start(plan, SIGNAL)
      const [seen] = await untilState(harness.backend, ref, 'exited', 'lost')
      assert.equal(seen?.oomKilled, 'yes')
      assert.equal(seen?.memory?.limitBytes, 48 * 1024 ** 2)
      assert.notEqual(seen?.exitCode, 0)
      await harness.backend.remove(ref, SIGNAL)
      assert.deepEqual(await harness.leftovers(ref), [])
    },
  },
]
