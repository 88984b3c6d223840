// run_train.sh of images for CPU and GPU jobs: a program and its arguments instead of code and a boot file.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { PATH, scratch, TestProcess, testRuntime } from './launcher-fixture.ts'

const runtime = await testRuntime()
/** Its log file carries the index, so each test has one of its own. */
let nextIndex = 70_000 + (process.pid % 10_000) * 10

function stage(t: TestContext) {
  const place = scratch()
  const index = String(nextIndex++)
  const log = `/tmp/dls-task-${index}.log`
  t.after(() => {
    place[Symbol.dispose]()
    rmSync(log, { force: true })
  })
  const at = (name: string) => join(place.dir, name)
  mkdirSync(at('jobs'))
  const env = {
    ...{ PATH, HOME: place.dir, MA_JOB_DIR: at('jobs'), DLS_TASK_INDEX: index },
    ...{ ROPEWAY_RUNTIME_DIR: runtime, ROPEWAY_GRACE: '2' },
  }
  const start = (args: string[], more: Record<string, string> = {}) => {
    const started = new TestProcess(
      ['bash', join(runtime, 'run_train.sh'), ...args],
      { ...env, ...more },
      place.dir,
    )
    t.after(() => started[Symbol.asyncDispose]())
    return started
  }
  return { at, start, log }
}

const SHOW =
  'import os, sys; print(os.getcwd(), os.environ["PYTHONPATH"], os.environ["PYTHONUNBUFFERED"], sys.argv[1:], flush=True)'

test('the program runs once, in the folder of the job, which comes first on PYTHONPATH', async (t) => {
  const { start, at, log } = stage(t)
  const { code, output } = await start(['python3', '-c', SHOW, 'a b', '$HOME', ''], { PYTHONPATH: '/mine' })
    .ended
  assert.equal(code, 0, output)
  const line = `${at('jobs')} ${at('jobs')}:/mine 1 ['a b', '$HOME', '']\n`
  assert.ok(output.includes(line), output)
  assert.match(output, new RegExp(`log_url: ${log}`))
  assert.match(output, /Training end with return code: 0/)
  assert.ok(readFileSync(log, 'utf8').includes(line), 'the log file has it, too')
})

test('an absolute program is one, and its exit code comes out', async (t) => {
  const { start, at } = stage(t)
  writeFileSync(at('train.sh'), '#!/bin/sh\necho from the file\nexit 9\n', { mode: 0o755 })
  const { code, output } = await start([at('train.sh')]).ended
  assert.equal(code, 9, output)
  assert.match(output, /from the file\n/)
})

test('a program that is not there is 127, and so is code that cannot be fetched, each with a sentence', async (t) => {
  const { start } = stage(t)
  const missing = await start(['no-such-program', 'x']).ended
  assert.equal(missing.code, 127, missing.output)
  assert.match(missing.output, /no-such-program/)
  const noCode = await start(['true'], {
    DLS_APP_URL: 'obs://bucket/code/',
    ROPEWAY_TASK_SOCKET: '/no/such.sock',
  }).ended
  assert.equal(noCode.code, 127, noCode.output)
  assert.match(noCode.output, /code: obs:\/\/bucket\/code\/ could not be fetched/)
})

test('SIGTERM reaches the program and what it started, and is never success', async (t) => {
  const { start } = stage(t)
  const running = start(['bash', '-c', 'trap "exit 0" TERM; sleep 60 & echo up; wait'])
  await running.saw(/^up$/m)
  running.child.kill('SIGTERM')
  const { code, output } = await running.ended
  assert.equal(code, 143, output)
})
