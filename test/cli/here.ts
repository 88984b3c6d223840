// Runs the command line inside this process: the same commands and streams, without the start of a program each time.
import { Readable, Writable } from 'node:stream'
import { runCli } from '../../src/cli/program.ts'
import { resetAdministrator } from '../../src/wiring/reset-administrator.ts'
import type { Ended } from './ropeway.ts'

const notHere = async (): Promise<never> => {
  throw new Error('this command needs a process of its own in tests')
}

/** Runs `ropeway ARGS` to its end. */
export async function ropewayHere(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input = '',
): Promise<Ended> {
  const [stdout, stderr] = [new Text(), new Text()]
  const code = await runCli(args, {
    ...{ version: '0.0.0', env, homeDir: '/nonexistent', signal: new AbortController().signal },
    ...{ stdin: Readable.from([Buffer.from(input)]), stdout, stderr },
    onInterrupt: () => ({ [Symbol.dispose]: () => undefined }),
    ...{ serve: notHere, doctor: notHere, exportLauncher: notHere },
    resetAdministrator: (wish) => resetAdministrator(wish, env),
  })
  return { code, stdout: stdout.text, stderr: stderr.text }
}

class Text extends Writable {
  text = ''
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString('utf8')
    done()
  }
}
