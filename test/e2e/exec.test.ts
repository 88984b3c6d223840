// Commands in running tasks, through the API and the command line, on the host backend and on Docker.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { RopewayClient } from '../../src/client/ropeway-client.ts'
import { type Bench, openBench, processesWith } from './exec-fixture.ts'
import { MAIN, type Ropeway, until } from './harness.ts'

const BACKENDS = ['host', 'docker'] as const

for (const backend of BACKENDS)
  describe(`job exec on ${backend}`, () => {
    let bench: Bench
    let ropeway: Ropeway
    let id: string
    before(async () => {
      bench = await openBench(backend)
      ropeway = bench.ropeway
      id = bench.jobId
    })
    after(() => bench[Symbol.asyncDispose]())

    const exec = async (
      command: string[],
      input: Buffer | string = '',
      size: { columns: number; rows: number } | null = null,
    ) => {
      const out = { stdout: '', stderr: '' }
      const hash = createHash('sha256')
      await using session = await ropeway.client.exec(
        id,
        'worker-0',
        { command, terminal: size },
        {
          onOutput: (stream, bytes) => {
            if (stream === 'stdout') hash.update(bytes)
            if (bytes.length < 100_000) out[stream] += Buffer.from(bytes).toString('utf8')
          },
        },
      )
      await session.write(Buffer.from(input))
      if (size === null) session.end()
      return { code: await session.exitCode, ...out, sha256: hash.digest('hex') }
    }
    const sh = (text: string) => ['/bin/sh', '-c', text]

    test('output, errors and the exit code come back apart, as the task user and with its environment', async () => {
      const got = await exec(sh('id -u; pwd; echo $GREETING $TOKEN $LD_LIBRARY_PATH; echo oops >&2; exit 7'))
      assert.equal(got.code, 7)
      assert.equal(got.stderr, 'oops\n')
      const [uid, folder, words] = got.stdout.split('\n')
      assert.deepEqual([uid, folder], ['1000', '/home/ma-user'])
      assert.equal(words, backend === 'docker' ? 'hello hunter2 /from/image' : 'hello hunter2')
    })

    test('ten megabytes go in and come out unchanged', async () => {
      const bytes = randomBytes(10 << 20)
      const got = await exec(['cat'], bytes)
      assert.equal(got.code, 0, got.stderr)
      assert.equal(got.sha256, createHash('sha256').update(bytes).digest('hex'))
    })

    test('a program that is not there, and one that is killed, end as a shell says it', async () => {
      assert.equal((await exec(['/no/such/program'])).code, 127)
      assert.equal((await exec(sh('kill -9 $$'))).code, 137)
    })

    test('a terminal has the size it was given, and the next one', async () => {
      let text = ''
      await using session = await ropeway.client.exec(
        id,
        'worker-0',
        {
          command: sh('stty size; read line; stty size; test -t 0 && echo terminal'),
          terminal: { columns: 91, rows: 23 },
        },
        { onOutput: (_, bytes) => (text += Buffer.from(bytes).toString('utf8')) },
      )
      await until('the first size', () => text.includes('23 91'))
      session.resize({ columns: 120, rows: 40 })
      await session.write(Buffer.from('\n'))
      assert.equal(await session.exitCode, 0, text)
      assert.match(text, /40 120[\s\S]*terminal/)
    })

    test('when the client goes away the command ends with it', async () => {
      const mark = `ropeway-${randomBytes(6).toString('hex')}`
      const isThere = () => processesWith(`${mark}-run`).length > 0
      {
        await using _session = await ropeway.client.exec(
          id,
          'worker-0',
          { command: ['/bin/sh', '-c', 'sleep 500; true', `${mark}-run`], terminal: null },
          { onOutput: () => undefined },
        )
        await until('it runs', isThere)
      }
      await until('it is gone', () => !isThere(), 10_000)
    })

    test('the command line passes input, output and the exit code on', async () => {
      const args = [
        'job',
        'exec',
        'long',
        'worker-0',
        '--data',
        ropeway.dataDir,
        '--',
        'sh',
        '-c',
        'cat; exit 3',
      ]
      const child = spawn(process.execPath, [MAIN, ...args])
      let text = ''
      child.stdout.on('data', (chunk) => (text += chunk))
      child.stderr.on('data', (chunk) => (text += chunk))
      child.stdin.end('piped in\n')
      const [code] = await once(child, 'close')
      assert.deepEqual([code, text], [3, 'piped in\n'])
    })

    test('who ran what is on record, without secrets', async () => {
      await exec(['echo', 'hunter2', 'and', 'more'])
      await until('the end is on record', async () => {
        const { events } = await ropeway.client.streamEvents(id, 0, 0)
        return events.some(({ message }) => /ended with exit code 0: echo \*{6} and more/.test(message))
      })
      const said = JSON.stringify(await ropeway.client.streamEvents(id, 0, 0))
      assert.match(said, /admin runs a command: echo \*{6} and more/)
      assert.equal(said.includes('hunter2'), false)
    })

    test('a wrong key, a task that is not there and a job that waits are refused before anything runs', async () => {
      const wish = { command: ['true'], terminal: null }
      const hear = { onOutput: () => undefined }
      const { endpoint, access_key: accessKey, project_id: projectId } = ropeway.credentials
      await using stranger = new RopewayClient({ endpoint, accessKey, projectId, secretKey: 'wrong' })
      await assert.rejects(stranger.exec(id, 'worker-0', wish, hear), /sign/i)
      await assert.rejects(ropeway.client.exec(id, 'worker-9', wish, hear), /valid: worker-0/)
      await assert.rejects(ropeway.client.exec('nobody', 'worker-0', wish, hear), /training_job_id/)
    })
  })
