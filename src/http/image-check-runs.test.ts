import assert from 'node:assert/strict'
import { test } from 'node:test'
import { imageFacts } from '../image-check/facts-fixture.ts'
import type { ImageInspector } from '../job/ports.ts'
import { ImageCheckRuns } from './image-check-runs.ts'

const NEVER = new AbortController().signal
const FACTS = imageFacts()

/** An inspector that answers when told to, and counts. */
function slowInspector() {
  const answers: PromiseWithResolvers<typeof FACTS>[] = []
  const signals: AbortSignal[] = []
  const inspector: ImageInspector = {
    inspect: (_project, image, signal, tell) => {
      const answer = Promise.withResolvers<typeof FACTS>()
      signal.addEventListener('abort', () => answer.reject(signal.reason), { once: true })
      tell?.({ step: 'read', message: `reading ${image}`, bytes: 1, totalBytes: 2 })
      answers.push(answer)
      signals.push(signal)
      return answer.promise
    },
  }
  return { inspector, answers, signals }
}

test('a check that takes longer than one waits says how far it is, and goes on when asked again', async () => {
  const { inspector, answers } = slowInspector()
  const runs = new ImageCheckRuns(inspector, NEVER)
  const first = await runs.wait('p', 'a:1', 1, NEVER)
  assert.deepEqual(first, {
    state: 'running',
    progress: { step: 'read', message: 'reading a:1', bytes: 1, totalBytes: 2 },
  })
  const again = runs.wait('p', 'a:1', 60_000, NEVER)
  answers[0]?.resolve(FACTS)
  assert.deepEqual(await again, { state: 'done', facts: FACTS })
  assert.deepEqual([answers.length, runs.size], [1, 0])
})

test('two who ask for one image share a check; another project or image has its own', async () => {
  const { inspector, answers } = slowInspector()
  const runs = new ImageCheckRuns(inspector, NEVER)
  const asked = [
    ['p', 'a:1'],
    ['p', 'a:1'],
    ['q', 'a:1'],
    ['p', 'b:1'],
  ].map(([project = '', image = '']) => runs.wait(project, image, 60_000, NEVER))
  assert.equal(runs.size, 3)
  await new Promise((resolve) => setImmediate(resolve))
  for (const answer of answers) answer.resolve(FACTS)
  for (const one of await Promise.all(asked)) assert.equal(one.state, 'done')
  assert.equal(answers.length, 3)
})

test('a check that nobody asks after any more is ended', async () => {
  const { inspector, signals } = slowInspector()
  const runs = new ImageCheckRuns(inspector, NEVER, { lingerMs: 1 })
  const leave = new AbortController()
  const asking = runs.wait('p', 'a:1', 60_000, leave.signal)
  await new Promise((resolve) => setImmediate(resolve))
  leave.abort(new Error('gone'))
  await assert.rejects(asking, /gone/)
  const [signal] = signals
  assert.ok(signal)
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  assert.match(String(signal.reason), /nobody waits/)
  assert.equal(runs.size, 0)
})

test('a failure is told to everybody who waits, and the next one begins anew', async () => {
  const { inspector, answers } = slowInspector()
  const runs = new ImageCheckRuns(inspector, NEVER)
  const asked = [runs.wait('p', 'a:1', 60_000, NEVER), runs.wait('p', 'a:1', 60_000, NEVER)]
  await new Promise((resolve) => setImmediate(resolve))
  answers[0]?.reject(new Error('broken'))
  for (const one of asked) await assert.rejects(one, /broken/)
  const next = runs.wait('p', 'a:1', 60_000, NEVER)
  await new Promise((resolve) => setImmediate(resolve))
  answers[1]?.resolve(FACTS)
  assert.equal((await next).state, 'done')
})

test('a server that stops ends every check', async () => {
  const { inspector } = slowInspector()
  const stopping = new AbortController()
  const runs = new ImageCheckRuns(inspector, stopping.signal)
  const asking = runs.wait('p', 'a:1', 60_000, NEVER)
  await new Promise((resolve) => setImmediate(resolve))
  stopping.abort(new Error('the server is stopping'))
  await assert.rejects(asking, /the server is stopping/)
})
