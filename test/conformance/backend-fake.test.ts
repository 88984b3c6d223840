// The fake, held to the suite. Its clock is ours: time passes only when it waits.
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFakeBackend, type FakeBackend } from '../../src/backend/fake/backend.ts'
import { FAKE_ANNOTATION, type FakeBehaviour } from '../../src/backend/fake/behaviour.ts'
import { taskObjectName } from '../../src/job/names.ts'
import { describeBackend } from './backend.ts'
import type { Behaviour, Harness } from './backend-harness.ts'

function told(behaviour: Behaviour): Partial<FakeBehaviour> {
  const logs = ['run']
  switch (behaviour.kind) {
    case 'exit':
      return { runMs: 0, exitCode: behaviour.code, logs }
    case 'signal':
      return { runMs: 0, exitCode: behaviour.signal === 'KILL' ? 137 : 139, logs }
    case 'polite':
    case 'told':
      return { runMs: null, logs }
    case 'stubborn':
      return { runMs: null, onStop: 'ignore', logs }
    case 'script':
      throw new Error('the fake runs no script; the case must name the capability it needs')
  }
}

async function openFake(): Promise<Harness> {
  const dir = await mkdtemp(join(tmpdir(), 'ropeway-fake-'))
  let nowMs = 1_000_000
  const printed: string[] = []
  const codes = new Map<string, number>()
  const open = () =>
    createFakeBackend({
      dir,
      clock: { now: () => new Date(nowMs) },
      sleep: async (ms) => {
        nowMs += ms
      },
      onLog: ({ jobId, attempt, task }) => printed.push(taskObjectName(jobId, attempt, task)),
    })
  const opened: FakeBackend[] = [await open()]
  return {
    backend: opened[0]!,
    addresses: /^127\.0\.0\.2$/,
    nowMs: () => nowMs,
    reopen: async () => {
      const next = await open()
      opened.push(next)
      return next
    },
    prepare: async (input, behaviours) => {
      for (const [task, behaviour] of behaviours) {
        if (behaviour.kind === 'told')
          codes.set(taskObjectName(input.jobId, input.attempt, task), behaviour.code)
      }
      const tasks = Object.fromEntries([...behaviours].map(([task, behaviour]) => [task, told(behaviour)]))
      return { ...input, annotations: { [FAKE_ANNOTATION]: JSON.stringify({ tasks }) } }
    },
    timesRun: async (ref, task) => {
      const name = taskObjectName(ref.jobId, ref.attempt, task)
      return printed.filter((other) => other === name).length
    },
    tell: async (ref, task) => {
      const exitCode = codes.get(taskObjectName(ref.jobId, ref.attempt, task)) ?? 0
      // Whichever server a case watches must see it; the first to write decides.
      for (const backend of opened)
        await backend.finish(ref, task, { state: 'exited', exitCode, message: '' })
    },
    leftovers: async (ref) => {
      const names = ref.tasks.map((task) => taskObjectName(ref.jobId, ref.attempt, task))
      return (await readdir(dir)).filter((file) => names.some((name) => file.startsWith(name)))
    },
    real: null,
    [Symbol.asyncDispose]: async () => {
      for (const backend of opened) await backend[Symbol.asyncDispose]()
      await rm(dir, { recursive: true })
    },
  }
}

describeBackend('fake', openFake)
