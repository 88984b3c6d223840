// `ropeway job exec` as a person has it: in a real terminal, made by the same few lines that make one in a task.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import { type Bench, openBench, processesWith } from './exec-fixture.ts'
import { MAIN, ROOT, until } from './harness.ts'

/** A program in a terminal of 101 by 31: what it printed so far, and a keyboard. */
class Terminal implements AsyncDisposable {
  text = ''
  readonly child: ChildProcess
  constructor(script: string, env: Record<string, string>) {
    const args = ['-I', join(ROOT, 'container', 'pty.py'), '101', '31', '/bin/sh', '-c', script]
    this.child = spawn('/usr/bin/python3', args, {
      stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
      env: { ...process.env, ...env },
    })
    this.child.stdout?.on('data', (chunk) => (this.text += chunk))
  }
  type(text: string): void {
    this.child.stdin?.write(text)
  }
  resize(columns: number, rows: number): void {
    ;(this.child.stdio[3] as Writable).write(`${columns} ${rows}\n`)
  }
  async shows(pattern: RegExp): Promise<void> {
    await until(`${pattern} stands there`, () => pattern.test(this.text), 20_000).catch((error) =>
      assert.fail(`${error.message}: ${JSON.stringify(this.text)}`),
    )
  }
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null) return
    this.child.kill('SIGTERM')
    await once(this.child, 'close')
  }
}

for (const backend of ['host', 'docker'] as const)
  describe(`job exec in a terminal on ${backend}`, () => {
    let bench: Bench
    before(async () => {
      bench = await openBench(backend)
    })
    after(() => bench[Symbol.asyncDispose]())

    /** The command line between two looks at the terminal's settings. */
    const open = (args: string): Terminal =>
      new Terminal(`stty -g; "$NODE" "$MAIN" job exec long --data "$DATA" ${args}; echo "code $?"; stty -g`, {
        NODE: process.execPath,
        MAIN,
        DATA: bench.ropeway.dataDir,
      })
    const settings = (text: string): string[] => text.match(/^[0-9a-f]+(:[0-9a-f]+)+/gm) ?? []
    const assertRestored = async (terminal: Terminal) => {
      await until('both looks', () => settings(terminal.text).length === 2).catch(() =>
        assert.fail(terminal.text),
      )
      assert.equal(settings(terminal.text)[0], settings(terminal.text)[1])
    }

    test('a shell has the size of the terminal, hears of the next one, and the terminal is as before', async () => {
      await using terminal = open('')
      await terminal.shows(/[$#] /)
      terminal.type('stty size; tty; test -t 1 && echo is-"terminal"\r')
      await terminal.shows(/31 101\r\n\/dev\/pts\/\d+\r\nis-terminal/)
      terminal.type('until stty size | grep 120; do sleep 0.1; done\r')
      terminal.resize(120, 40)
      await terminal.shows(/40 120/)
      terminal.type('exit 9\r')
      await terminal.shows(/code 9/)
      await assertRestored(terminal)
    })

    test('Ctrl-C goes to the program', async () => {
      await using terminal = open(
        `-it -- sh -c 'trap "echo caught; exit 8" INT; echo ready; while true; do sleep 1; done'`,
      )
      await terminal.shows(/ready/)
      terminal.type('\x03')
      await terminal.shows(/caught\r\ncode 8/)
      await assertRestored(terminal)
    })

    test('the terminal is as before when the command line is ended by a signal', async () => {
      await using terminal = open(`-t -- sh -c 'echo ready; sleep 600'`)
      await terminal.shows(/ready/)
      const [pid] = processesWith(`${MAIN}\0job\0exec\0long\0--data\0${bench.ropeway.dataDir}`)
      process.kill(Number(pid), 'SIGTERM')
      await terminal.shows(/code 143/)
      await assertRestored(terminal)
    })

    test('a long paste into a program that prints it again comes back whole', async () => {
      const lines = Array.from({ length: 4000 }, (_, n) => `line ${n} ${'x'.repeat(60)}`)
      let text = ''
      await using session = await bench.ropeway.client.exec(
        bench.jobId,
        'worker-0',
        { command: ['sh', '-c', 'stty raw -echo; echo ready; cat'], terminal: { columns: 80, rows: 24 } },
        { onOutput: (_, bytes) => (text += Buffer.from(bytes).toString('latin1')) },
      )
      await until('it listens', () => text.includes('ready'))
      const pasted = lines.join('\n')
      await session.write(Buffer.from(pasted))
      await until('all is back', () => text.length >= pasted.length + 'ready\n'.length, 20_000)
      assert.ok(text.endsWith(pasted))
    })
  })
