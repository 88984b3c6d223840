// `ropeway job exec`: a command or a shell in a running task. Ends as the command does.
import { spawnSync } from 'node:child_process'
import type { Command } from 'commander'
import { EXEC_COMMAND_BYTES } from '../../api/exec.ts'
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
    if (encodeURIComponent(JSON.stringify(argv)).length > EXEC_COMMAND_BYTES)
      throw new CliError(
        `The command is too long: it has to fit into an address of ${EXEC_COMMAND_BYTES} bytes`,
        'Pipe a script in: ropeway job exec JOB -- sh -s < FILE',
      )
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
      { onOutput: (stream, bytes) => print(context, stream, bytes) },
      context.signal,
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

/** Resolves when whoever reads us has room again. */
async function print(context: CliContext, name: 'stdout' | 'stderr', bytes: Uint8Array): Promise<void> {
  const stream = context[name]
  if (stream.write(bytes) || context.signal.aborted) return
  await new Promise<void>((resolve) => {
    const done = (): void => {
      for (const event of ['drain', 'close', 'error']) stream.off(event, done)
      context.signal.removeEventListener('abort', done)
      resolve()
    }
    for (const event of ['drain', 'close', 'error']) stream.on(event, done)
    context.signal.addEventListener('abort', done, { once: true })
  })
}

/**
 * Node's raw mode goes on turning line ends of the output into carriage return and line end. The terminal in the task
 * has done that where it is wanted; for an editor a bare line end is "one line down". Leaving raw mode restores all.
 */
function leaveOutputAlone(stdin: NodeJS.ReadStream): void {
  spawnSync('stty', ['-opost'], { stdio: [stdin, 'ignore', 'ignore'] })
}

/** Joins this terminal or these pipes to the session until the command has ended. */
async function attach(context: CliContext, session: ExecConnection, tty: boolean): Promise<number> {
  const stdin = context.stdin as NodeJS.ReadStream
  const onResize = (): void => session.resize(sizeOf(context))
  // Ctrl-C is a byte for the program when it has a terminal.
  if (tty) {
    stdin.setRawMode(true)
    leaveOutputAlone(stdin)
    context.stdout.on('resize', onResize)
  }
  let isOver = false
  const onEnd = () => session.end()
  const onData = (bytes: Buffer): void => {
    stdin.pause()
    void session.write(bytes).then(() => isOver || stdin.resume())
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
    isOver = true
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
