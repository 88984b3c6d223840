// How commands in tasks end when they do not end by themselves, on host and on Docker: nothing may be left behind, and
// whoever waits is told why.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { RopewayClient } from '../../src/client/ropeway-client.ts'
import { type Bench, openBench, processesWith } from './exec-fixture.ts'
import { MAIN, until } from './harness.ts'

const newMark = (): string => `mark-${randomBytes(6).toString('hex')}`
/**
 * Two programs with the mark in their command lines, and nothing around them with it: one stays where it is, the other
 * leaves its process group and ignores the polite signal.
 */
const stubborn = (mark: string): string =>
  `M=mark; setsid sh -c "trap '' HUP; while true; do sleep 1; done; : $M${mark.slice(4)}" >/dev/null 2>&1 & sh -c "sleep 600; : $M${mark.slice(4)}"`

for (const backend of ['host', 'docker'] as const)
  describe(`the end of commands on ${backend}`, () => {
    let bench: Bench
    before(async () => {
      bench = await openBench(backend)
    })
    after(() => bench[Symbol.asyncDispose]())

    const cli = (...args: string[]): ChildProcess =>
      spawn(process.execPath, [
        MAIN,
        'job',
        'exec',
        ...args.slice(0, 1),
        '--data',
        bench.ropeway.dataDir,
        ...args.slice(1),
      ])
    const ended = async (child: ChildProcess) => {
      let text = ''
      child.stdout?.on('data', (chunk) => (text += chunk))
      child.stderr?.on('data', (chunk) => (text += chunk))
      const [code] = await once(child, 'close')
      return { code, text }
    }
    const shell = (mark: string) => ['--', 'sh', '-c', stubborn(mark)]
    const runs = (mark: string) => until('both run', () => processesWith(mark).length === 2)
    const isGone = (mark: string) => until('nothing is left', () => processesWith(mark).length === 0, 15_000)

    test('a command line that is killed takes along what its command started, in any group', async () => {
      const mark = newMark()
      const child = cli('long', ...shell(mark))
      await runs(mark)
      child.kill('SIGKILL')
      await isGone(mark)
    })

    test('Ctrl-C without a terminal ends the command', async () => {
      const mark = newMark()
      const child = cli('long', ...shell(mark))
      await runs(mark)
      child.kill('SIGINT')
      assert.equal((await ended(child)).code, 130)
      await isGone(mark)
    })

    test('a shell on a terminal takes its background jobs along when it is cut off', async () => {
      const mark = newMark()
      {
        await using session = await bench.ropeway.client.exec(
          bench.jobId,
          'worker-0',
          { command: ['sh'], terminal: { columns: 80, rows: 24 } },
          { onOutput: () => undefined },
        )
        await session.write(Buffer.from(`${stubborn(mark)}\n`))
        await runs(mark)
      }
      await isGone(mark)
    })

    test('what a command leaves in the background when it ends by itself goes on', async () => {
      const mark = newMark()
      const child = cli(
        'long',
        '--',
        'sh',
        '-c',
        `setsid sh -c "sleep 600; : ${mark}" >/dev/null 2>&1 </dev/null &`,
      )
      assert.equal((await ended(child)).code, 0)
      assert.notDeepEqual(processesWith(mark), [])
    })

    test('stopping the job ends the session with a sentence', async () => {
      const mark = newMark()
      const id = await bench.run('brief')
      const child = cli('brief', ...shell(mark))
      await runs(mark)
      await bench.ropeway.client.terminate(id)
      const { code, text } = await ended(child)
      assert.deepEqual([code, text], [70, 'ropeway: the task has ended, and the command with it\n'])
      const later = await ended(cli('brief', '--', 'true'))
      assert.match(later.text, /worker-0 is over; valid: a task that is running/)
      assert.equal(later.code, 1)
    })

    test('a command that closes its output is waited for all the same', async () => {
      const child = cli('long', '--', 'sh', '-c', 'exec >&- 2>&-; sleep 0.3; exit 5')
      assert.equal((await ended(child)).code, 5)
    })

    test('a secret that begins another one hides both in the events', async () => {
      await ended(cli('long', '--', 'echo', 'hunter2-and-more', '\u202e'))
      await until('the end is on record', async () => {
        const { events } = await bench.ropeway.client.streamEvents(bench.jobId, 0, 0)
        return events.some(({ message }) => message.includes('exit code 0: echo ****** "\\u{202e}"'))
      })
    })

    test('a key opens no tasks of another project', async () => {
      const { endpoint, access_key: accessKey, secret_key: secretKey } = bench.ropeway.credentials
      await using stranger = new RopewayClient({ endpoint, accessKey, secretKey, projectId: 'f'.repeat(32) })
      const wish = { command: ['true'], terminal: null }
      await assert.rejects(stranger.exec(bench.jobId, 'worker-0', wish, { onOutput: () => undefined }), {
        status: 403,
      })
    })

    test('a page of another site is turned away, whatever it sends as its origin', async () => {
      for (const origin of ['null', 'http://elsewhere.example'])
        assert.match(await upgrade('websocket', `Origin: ${origin}`), /^HTTP\/1.1 403 /)
    })

    test('an offer of another protocol is answered as any request', async () => {
      assert.match(await upgrade('h2c', 'Accept: */*'), /^HTTP\/1.1 401 /)
    })

    test('a server that stops says so, and one that is killed leaves no command behind', async () => {
      const first = newMark()
      const waiting = ended(cli('long', ...shell(first)))
      await runs(first)
      await bench.ropeway.stop()
      assert.deepEqual(await waiting, { code: 70, text: 'ropeway: the server is stopping\n' })
      await isGone(first)
      await bench.ropeway.start()
      const second = newMark()
      const cut = ended(cli('long', ...shell(second)))
      await runs(second)
      await bench.ropeway.kill()
      assert.deepEqual(await cut, { code: 70, text: 'ropeway: the connection was lost\n' })
      await isGone(second)
      await bench.ropeway.start()
    })

    /** The answer's first bytes to an unsigned upgrade of the exec path. */
    async function upgrade(protocol: string, header: string): Promise<string> {
      const { endpoint, project_id: project } = bench.ropeway.credentials
      const { hostname, port, host } = new URL(endpoint)
      const socket = connect(Number(port), hostname)
      const key = randomBytes(16).toString('base64')
      socket.write(
        [
          `GET /ropeway/v1/${project}/training-jobs/${bench.jobId}/tasks/worker-0/exec HTTP/1.1`,
          `Host: ${host}`,
          'Connection: Upgrade',
          `Upgrade: ${protocol}`,
          'Sec-WebSocket-Version: 13',
          `Sec-WebSocket-Key: ${key}`,
          header,
          '\r\n',
        ].join('\r\n'),
      )
      const [bytes] = await once(socket, 'data')
      socket.destroy()
      return String(bytes)
    }
  })
