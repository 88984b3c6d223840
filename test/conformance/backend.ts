// The promises of Backend (src/job/ports.ts) as cases. Every backend passes all of them; cases that need a capability
// go to those that have it (backend-capabilities.ts). No case asks which backend it meets.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { BACKEND_CAPABILITIES, type BackendUnderTest } from './backend-capabilities.ts'
import { SERVER_CASES, STOP_CASES } from './backend-endings.ts'
import {
  type Behaviour,
  type Case,
  type Harness,
  makeJob,
  SIGNAL,
  states,
  until,
  untilState,
  untilUp,
} from './backend-harness.ts'
import { PROCESS_CASES } from './backend-processes.ts'
import { SANDBOX_CASES } from './backend-sandbox.ts'

const EXITS: readonly (readonly [Behaviour, number])[] = [
  [{ kind: 'exit', code: 0 }, 0],
  [{ kind: 'exit', code: 7 }, 7],
  [{ kind: 'exit', code: 127 }, 127],
  [{ kind: 'signal', signal: 'KILL' }, 137],
  [{ kind: 'signal', signal: 'SEGV' }, 139],
]

const LIFE_CASES: readonly Case[] = [
  {
    title: 'planning starts nothing and says the same twice',
    async run({ backend, ...harness }) {
      const { ref, input, plan } = await makeJob({ backend, ...harness }, [{ kind: 'polite' }])
      assert.deepEqual(backend.plan(input), plan)
      assert.doesNotThrow(() => JSON.stringify(plan))
      assert.deepEqual(states(await backend.observe(ref, SIGNAL)), ['absent'])
      await backend.remove(ref, SIGNAL)
    },
  },
  {
    title: 'a job nobody started is absent, task by task',
    async run({ backend }) {
      const seen = await backend.observe(
        { jobId: '0'.repeat(32), attempt: 1, tasks: ['worker-0', 'worker-1'] },
        SIGNAL,
      )
      assert.deepEqual(
        seen.map(({ task, state, exitCode }) => [task, state, exitCode]),
        [
          ['worker-0', 'absent', null],
          ['worker-1', 'absent', null],
        ],
      )
    },
  },
  {
    title: 'a started task is seen running, and at which address',
    async run(harness) {
      const { ref, plan } = await makeJob(harness, [{ kind: 'polite' }])
      await harness.backend.start(plan, SIGNAL)
      const [seen] = await untilState(harness.backend, ref, 'running')
      assert.match(seen?.address ?? '', harness.addresses)
      assert.ok(seen?.startedAtMs !== null && Math.abs(harness.nowMs() - (seen?.startedAtMs ?? 0)) < 10_000)
      assert.equal(seen?.exitCode, null)
      await harness.backend.remove(ref, SIGNAL)
    },
  },
  ...EXITS.map(
    ([behaviour, code]): Case => ({
      title: `a task that ends by ${behaviour.kind === 'signal' ? `SIG${behaviour.signal}` : `exit ${code}`} is seen exited with ${code}`,
      async run(harness) {
        const { ref, plan } = await makeJob(harness, [behaviour])
        await harness.backend.start(plan, SIGNAL)
        const [seen] = await untilState(harness.backend, ref, 'exited')
        assert.equal(seen?.exitCode, code)
        assert.notEqual(seen?.oomKilled, 'yes')
        assert.ok((seen?.endedAtMs ?? 0) >= (seen?.startedAtMs ?? Number.NaN))
        await harness.backend.remove(ref, SIGNAL)
      },
    }),
  ),
  {
    title: 'starting again, at once or twice over, runs a task once',
    async run(harness) {
      const { ref, plan } = await makeJob(harness, [{ kind: 'polite' }, { kind: 'polite' }])
      await Promise.all([harness.backend.start(plan, SIGNAL), harness.backend.start(plan, SIGNAL)])
      await harness.backend.start(plan, SIGNAL)
      await untilState(harness.backend, ref, 'running')
      await untilUp(harness, ref)
      for (const task of ref.tasks) assert.equal(await harness.timesRun(ref, task), 1, task)
      await harness.backend.remove(ref, SIGNAL)
    },
  },
  {
    title: 'a task that exited stays exited and is left alone by start',
    async run(harness) {
      const { ref, plan } = await makeJob(harness, [{ kind: 'exit', code: 3 }])
      await harness.backend.start(plan, SIGNAL)
      const before = await untilState(harness.backend, ref, 'exited')
      await harness.backend.start(plan, SIGNAL)
      assert.deepEqual(await harness.backend.observe(ref, SIGNAL), before)
      assert.equal(await harness.timesRun(ref, 'worker-0'), 1)
      await harness.backend.remove(ref, SIGNAL)
    },
  },
  {
    title: 'a mixture is seen as it is, in the order asked for',
    async run(harness) {
      const { ref, plan } = await makeJob(harness, [{ kind: 'polite' }, { kind: 'exit', code: 9 }])
      await harness.backend.start(plan, SIGNAL)
      const three = { ...ref, tasks: ['worker-7', 'worker-1', 'worker-0'] }
      const seen = await until(
        'worker-1 exited',
        () => harness.backend.observe(three, SIGNAL),
        (all) => all[1]?.state === 'exited' && all[2]?.state === 'running',
      )
      assert.deepEqual(
        seen.map(({ task, state }) => [task, state]),
        [
          ['worker-7', 'absent'],
          ['worker-1', 'exited'],
          ['worker-0', 'running'],
        ],
      )
      await harness.backend.remove(ref, SIGNAL)
    },
  },
  {
    title: 'another attempt of the job is another thing',
    async run(harness) {
      const { ref, plan } = await makeJob(harness, [{ kind: 'polite' }])
      await harness.backend.start(plan, SIGNAL)
      assert.deepEqual(states(await harness.backend.observe({ ...ref, attempt: 2 }, SIGNAL)), ['absent'])
      await harness.backend.remove({ ...ref, attempt: 2 }, SIGNAL)
      assert.deepEqual(states(await untilState(harness.backend, ref, 'running')), ['running'])
      await harness.backend.remove(ref, SIGNAL)
    },
  },
]

/** Registers the suite for one backend. */
export function describeBackend(name: BackendUnderTest, open: () => Promise<Harness>): void {
  describe(`backend ${name}`, () => {
    let harness: Harness
    before(async () => {
      harness = await open()
    })
    after(() => harness[Symbol.asyncDispose]())
    for (const one of [...LIFE_CASES, ...STOP_CASES, ...SERVER_CASES, ...PROCESS_CASES, ...SANDBOX_CASES]) {
      if (one.needs !== undefined && BACKEND_CAPABILITIES[name][one.needs] !== true) continue
      test(one.title, { timeout: 30_000 }, () => one.run(harness))
    }
  })
}
