// `ropeway run` and `job wait` as processes: output, exit codes, Ctrl-C.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { JobScript } from './job-script.ts'
import { MAIN, ropeway, start } from './ropeway.ts'
import { JOB_ID, StubServer } from './stub-server.ts'

const RUN = ['run', '--image', 'host', '--command', 'true']

/** A server whose job goes on with `next` once somebody follows it. */
async function serve(script: JobScript, next: () => void): Promise<StubServer> {
  let begun = false
  return new StubServer((request) => {
    if (request.path.endsWith('/stream') && !begun) {
      begun = true
      next()
    }
    return script.handler(request)
  }).start()
}

const ends: [phase: string, recorded: number | null, code: number][] = [
  ['Completed', 0, 0],
  ['Failed', 9, 9],
  ['Terminated', null, 143],
  ['Abnormal', null, 70],
]
for (const [phase, recorded, code] of ends)
  test(`run shows events on standard error and logs on standard output; ${phase} exits with ${code}`, async () => {
    const script = new JobScript()
    await using server = await serve(script, () => {
      script.event('it \u001b[1mruns')
      script.log('worker-0', 'hello\nworld')
      script.phase(phase, recorded, 'because')
    })
    const result = await ropeway(RUN, server.env)
    assert.equal(result.stdout, 'hello\nworld')
    assert.match(result.stderr, /^\d\d:\d\d:\d\d Info {4}it \\x1b\[1mruns$/m)
    assert.match(result.stderr, new RegExp(`^Job digits ${phase}: because$`, 'm'))
    assert.equal(result.code, code)
    const waited = await ropeway(['job', 'wait', JOB_ID], server.env)
    assert.deepEqual([waited.code, waited.stdout], [code, `${phase}: because\n`])
  })

test('lines of several tasks say which task they are from', async () => {
  const script = new JobScript(2)
  await using server = await serve(script, () => {
    script.log('worker-0', 'a\nb\n')
    script.log('worker-1', 'c')
    script.phase('Completed', 0)
  })
  const { stdout } = await ropeway(RUN, server.env)
  assert.deepEqual(stdout.split('\n').sort(), ['', '[worker-0] a', '[worker-0] b', '[worker-1] c'])
})

test('run --json prints one document a line: the job, its events and lines, the end', async () => {
  const script = new JobScript()
  await using server = await serve(script, () => {
    script.event('runs')
    script.log('worker-0', 'hello\n')
    script.phase('Completed', 0)
  })
  const { code, stdout, stderr } = await ropeway([...RUN, '--json'], server.env)
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string })
  assert.deepEqual([code, stderr], [0, ''])
  assert.equal(lines[0]?.kind, 'job')
  assert.equal(lines.at(-1)?.kind, 'end')
  assert.deepEqual(
    lines.find(({ kind }) => kind === 'log'),
    { kind: 'log', task: 'worker-0', stream: 'task', line: 'hello' },
  )
  assert.ok(lines.some((line) => line.kind === 'event' && 'reason' in line))
})

test('without a terminal Ctrl-C detaches, says how to go on, and stops nothing', async () => {
  const script = new JobScript()
  await using server = await serve(script, () => {
    script.event('runs')
    script.phase('Running')
  })
  const run = start(RUN, server.env)
  while (!run.stderr().includes('runs')) await once(run.child.stderr!, 'data')
  run.child.kill('SIGINT')
  const { code, stderr } = await run.ended
  assert.equal(code, 0)
  assert.match(stderr, /Detached; the job goes on\. Follow it again: ropeway job logs digits --follow/)
  assert.equal(script.terminated, 0)
})

test('job wait that is interrupted exits as its signal says and prints nothing', async () => {
  const script = new JobScript()
  await using server = await serve(script, () => script.phase('Running'))
  const run = start(['job', 'wait', JOB_ID], server.env)
  while (!server.requests.some(({ query }) => query.get('wait_s') === '20'))
    await new Promise((resolve) => setImmediate(resolve))
  run.child.kill('SIGINT')
  assert.deepEqual(await run.ended, { code: 130, stdout: '', stderr: '' })
})

test('a reader that has seen enough ends job logs quietly', async () => {
  const script = new JobScript()
  script.log('worker-0', 'x'.repeat(100_000))
  script.phase('Completed', 0)
  await using server = await new StubServer(script.handler).start()
  const run = start(['job', 'logs', JOB_ID], server.env)
  run.child.stdout?.destroy()
  const { code, stderr } = await run.ended
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
})

/** Runs a command on a terminal of its own; each `[text, keys]` waits for text and types keys. */
const TERMINAL = `
import os, pty, sys, json
script = json.loads(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
seen = b''
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    seen += data
    if script and script[0][0].encode() in seen:
        seen = b''
        os.write(fd, script.pop(0)[1].encode())
    sys.stdout.buffer.write(data)
    sys.stdout.flush()
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
`

const answers: [title: string, keys: [string, string][], code: number, terminated: number, shown: RegExp][] =
  [
    [
      's stops the job and waits for its end',
      [
        ['runs', '\u0003'],
        ['(Enter)?', 's\n'],
      ],
      143,
      1,
      /Stopping the job[\s\S]*Terminated/,
    ],
    [
      'd detaches',
      [
        ['runs', '\u0003'],
        ['(Enter)?', 'd\n'],
      ],
      0,
      0,
      /Detached/,
    ],
    [
      'a second Ctrl-C detaches',
      [
        ['runs', '\u0003'],
        ['(Enter)?', '\u0003'],
      ],
      0,
      0,
      /Detached/,
    ],
  ]
for (const [title, keys, code, terminated, shown] of answers)
  test(`on a terminal Ctrl-C asks: ${title}`, async () => {
    const script = new JobScript()
    await using server = await serve(script, () => {
      script.event('runs')
      script.phase('Running')
    })
    const env = { ...server.env, PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' }
    const child = spawn('python3', ['-c', TERMINAL, JSON.stringify(keys), process.execPath, MAIN, ...RUN], {
      env,
    })
    let screen = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (screen += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (screen += text))
    const [ended] = (await once(child, 'close')) as [number]
    assert.equal(ended, code, screen)
    assert.match(screen, shown)
    assert.equal(script.terminated, terminated)
  })
