// `ropeway job exec`: a command or a shell in a running task. Ends as the command does.
import type { Command } from 'commander'
import type { ExecConnection } from '../../client/exec.ts'
import { connect } from '../client.ts'
import { type CommonFlags, newCommand, withConnection } from '../command.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { findJobId } from './find-job.ts'

type Flags = Omit<CommonFlags, 'json'> & { readonly tty?: boolean }

/** As `ropeway run` ends when it cannot say how the job did. */
const LOST = 70

const EXAMPLE = [
  'ropeway job exec digits                     # a shell in worker-0',
  'ropeway job exec digits worker-1 -- npu-smi info',
  'tar c . | ropeway job exec digits -- tar x -C /cache',
].join('\n')

export function execCommand(context: CliContext): Command {
  const command = newCommand(context, 'exec', 'run a command or a shell in a running task', EXAMPLE)
    .argument('<job>', 'id or name')
    .argument('[words...]', 'the task (default: worker-0), then -- and the command (default: a shell)')
    .option('-t, --tty', 'give it a terminal (default: when this is one and no command is given)')
    .option('--no-tty', 'give it pipes')
    .option('-i, --stdin', 'accepted; standard input is always passed on')
  return withConnection(command).action(async (job: string, words: string[], flags: Flags) => {
    const { task, argv } = splitWords(words)
    const tty = flags.tty ?? (argv.length === 0 && isTerminal(context))
    if (tty && !isTerminal(context))
      throw new CliError(
        'There is no terminal here to pass on',
        'Leave --tty out, or run this in a terminal.',
      )
    await using client = await connect(context, flags)
    const id = await findJobId(client, job, context.signal)
    const size = tty ? sizeOf(context) : null
    await using session = await client.exec(
      id,
      task,
      { command: argv, terminal: size },
      {
        onOutput: (stream, bytes) => void context[stream].write(bytes),
      },
    )
    context.setExitCode(await attach(context, session, tty))
  })
}

const isTerminal = ({ stdin, stdout }: CliContext): boolean => stdin.isTTY === true && stdout.isTTY === true

const TASK_NAME = /^[a-z]+-\d+$/

/** `[TASK] [COMMAND…]`: a first word that has the form of a task's name is one. */
const splitWords = (words: readonly string[]): { task: string; argv: string[] } =>
  TASK_NAME.test(words[0] ?? '')
    ? { task: words[0] ?? '', argv: words.slice(1) }
    : { task: 'worker-0', argv: [...words] }

function sizeOf({ stdout }: CliContext): { columns: number; rows: number } {
  const { columns, rows } = stdout as { columns?: number; rows?: number }
  return { columns: columns || 80, rows: rows || 24 }
}

/** Joins this terminal or these pipes to the session until the command has ended. */
async function attach(context: CliContext, session: ExecConnection, tty: boolean): Promise<number> {
  const stdin = context.stdin as NodeJS.ReadStream
  const onResize = (): void => session.resize(sizeOf(context))
  // Ctrl-C is a byte for the program when it has a terminal.
  if (tty) {
    stdin.setRawMode(true)
    context.stdout.on('resize', onResize)
  }
  const onEnd = () => session.end()
  const onData = (bytes: Buffer): void => {
    stdin.pause()
    void session.write(bytes).then(() => stdin.resume())
  }
  stdin.on('data', onData)
  stdin.once('end', onEnd)
  const interrupted = new Promise<number>((resolve) =>
    context.signal.addEventListener('abort', () => resolve(LOST), { once: true }),
  )
  try {
    return await Promise.race([session.exitCode, interrupted])
  } catch (error) {
    context.stderr.write(`ropeway: ${(error as Error).message}\n`)
    return LOST
  } finally {
    if (tty) {
      stdin.setRawMode(false)
      context.stdout.off('resize', onResize)
    }
    stdin.off('data', onData)
    stdin.off('end', onEnd)
    stdin.pause()
    stdin.unref?.()
  }
}
