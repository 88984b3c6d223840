// Cases of every backend about ends: stop, remove, a server that is killed and started again, a wait that is cancelled.
import assert from 'node:assert/strict'
import { type Case, makeJob, SIGNAL, states, until, untilState, untilUp } from './backend-harness.ts'

export const STOP_CASES: readonly Case[] = [
  {
    title: 'a polite task ends when asked, well before the grace is over',
    async run(harness) {
      const { ref, plan } = await makeJob(harness, [{ kind: 'polite' }])
      await harness.backend.start(plan, SIGNAL)
      await untilUp(harness, ref)
      const begun = harness.nowMs()
      await harness.backend.stop(ref, 20_000, SIGNAL)
      assert.ok(harness.nowMs() - begun < 5_000)
      const [seen] = await harness.backend.observe(ref, SIGNAL)
      assert.deepEqual([seen?.state, seen?.exitCode], ['exited', 143])
      await harness.backend.stop(ref, 20_000, SIGNAL)
      await harness.backend.remove(ref, SIGNAL)
    },
  },
  {
    title: 'a task stopped at the moment it was started ends within the grace',
    async run(harness) {
      const { ref, plan } = await makeJob(harness, [{ kind: 'polite' }])
      await harness.backend.start(plan, SIGNAL)
      const begun = harness.nowMs()
      await harness.backend.stop(ref, 20_000, SIGNAL)
      assert.ok(harness.nowMs() - begun < 5_000)
      const [seen] = await harness.backend.observe(ref, SIGNAL)
      assert.deepEqual([seen?.state, seen?.exitCode], ['exited', 143])
      await harness.backend.remove(ref, SIGNAL)
    },
  },
  {
    title: 'a task that ignores SIGTERM is killed when the grace is over, not before',
    async run(harness) {
      const { ref, plan } = await makeJob(harness, [{ kind: 'stubborn' }])
      await harness.backend.start(plan, SIGNAL)
      await untilUp(harness, ref)
      const begun = harness.nowMs()
      await harness.backend.stop(ref, 300, SIGNAL)
      const tookMs = harness.nowMs() - begun
      assert.ok(tookMs >= 300 && tookMs < 3_000, `took ${tookMs} ms`)
      const [seen] = await harness.backend.observe(ref, SIGNAL)
      assert.deepEqual([seen?.state, seen?.exitCode], ['exited', 137])
      await harness.backend.remove(ref, SIGNAL)
    },
  },
  {
    title: 'stopping a task that has exited keeps its exit code',
    async run(harness) {
      const { ref, plan } = await makeJob(harness, [{ kind: 'exit', code: 5 }])
      await harness.backend.start(plan, SIGNAL)
      const before = await untilState(harness.backend, ref, 'exited')
      await harness.backend.stop(ref, 300, SIGNAL)
      assert.deepEqual(await harness.backend.observe(ref, SIGNAL), before)
      await harness.backend.remove(ref, SIGNAL)
    },
  },
  {
    title: 'stopping and removing what never started is no error and leaves nothing',
    async run(harness) {
      const { ref } = await makeJob(harness, [{ kind: 'exit', code: 5 }])
      await harness.backend.stop(ref, 300, SIGNAL)
      assert.deepEqual(states(await harness.backend.observe(ref, SIGNAL)), ['absent'])
      await harness.backend.remove(ref, SIGNAL)
      assert.deepEqual(await harness.leftovers(ref), [])
    },
  },
  {
    title: 'remove ends a live job, leaves nothing, and may be called again',
    async run(harness) {
      const { ref, plan } = await makeJob(harness, [{ kind: 'stubborn' }, { kind: 'exit', code: 0 }])
      await harness.backend.start(plan, SIGNAL)
      await untilUp(harness, ref)
      assert.notDeepEqual(await harness.leftovers(ref), [])
      await harness.backend.remove(ref, SIGNAL)
      assert.deepEqual(await harness.leftovers(ref), [])
      assert.deepEqual(states(await harness.backend.observe(ref, SIGNAL)), ['absent', 'absent'])
      await harness.backend.remove(ref, SIGNAL)
    },
  },
]

export const SERVER_CASES: readonly Case[] = [
  {
    title: 'a restarted server sees the same, starts nothing twice, and can stop it',
    async run(harness) {
      const { ref, plan } = await makeJob(harness, [{ kind: 'polite' }, { kind: 'exit', code: 7 }])
      await harness.backend.start(plan, SIGNAL)
      await untilUp(harness, ref)
      const seen = () => harness.backend.observe(ref, SIGNAL)
      const before = await until('running and exited', seen, (all) => states(all).join() === 'running,exited')
      const restarted = await harness.reopen()
      assert.deepEqual(await restarted.observe(ref, SIGNAL), before)
      await restarted.start(plan, SIGNAL)
      for (const task of ref.tasks) assert.equal(await harness.timesRun(ref, task), 1)
      await restarted.stop(ref, 20_000, SIGNAL)
      assert.deepEqual(
        (await restarted.observe(ref, SIGNAL)).map((task) => task.exitCode),
        [143, 7],
      )
      await restarted.remove(ref, SIGNAL)
      assert.deepEqual(await harness.leftovers(ref), [])
    },
  },
  ...(['this', 'a restarted'] as const).map(
    (which): Case => ({
      title: `${which} server is told soon when a task ends by itself`,
      async run(harness) {
        const { ref, plan } = await makeJob(harness, [{ kind: 'told', code: 4 }])
        await harness.backend.start(plan, SIGNAL)
        await untilUp(harness, ref)
        const server = which === 'this' ? harness.backend : await harness.reopen()
        const told = Promise.withResolvers<string>()
        const unwatch = server.watch((jobId) => jobId === ref.jobId && told.resolve(jobId))
        await harness.tell(ref, 'worker-0')
        assert.equal(await told.promise, ref.jobId)
        const [seen] = await server.observe(ref, SIGNAL)
        assert.deepEqual([seen?.state, seen?.exitCode], ['exited', 4])
        unwatch()
        await server.remove(ref, SIGNAL)
      },
    }),
  ),
  {
    title: 'eight tasks start together, each once, and stop together',
    async run(harness) {
      const { ref, plan } = await makeJob(
        harness,
        Array.from({ length: 8 }, () => ({ kind: 'polite' }) as const),
      )
      await harness.backend.start(plan, SIGNAL)
      await untilState(harness.backend, ref, 'running')
      await untilUp(harness, ref)
      for (const task of ref.tasks) assert.equal(await harness.timesRun(ref, task), 1)
      await harness.backend.stop(ref, 20_000, SIGNAL)
      assert.deepEqual(new Set(states(await harness.backend.observe(ref, SIGNAL))), new Set(['exited']))
      await harness.backend.remove(ref, SIGNAL)
      assert.deepEqual(await harness.leftovers(ref), [])
    },
  },
  {
    title: 'a wait that is cancelled ends at once with the reason',
    async run(harness) {
      const { ref, plan } = await makeJob(harness, [{ kind: 'polite' }])
      const reason = new Error('the server is closing')
      const cancelled = AbortSignal.abort(reason)
      await assert.rejects(harness.backend.start(plan, cancelled), reason)
      await assert.rejects(harness.backend.observe(ref, cancelled), reason)
      await harness.backend.remove(ref, SIGNAL)
      assert.deepEqual(await harness.leftovers(ref), [])
    },
  },
]
