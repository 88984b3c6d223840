// What all commands of `ma-job` have: ma-cli's connection options beside ours, and -i for the job.
import type { Command } from 'commander'
import { type CommonFlags, newCommand, withConnection, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'

export type MaFlags = CommonFlags & {
  readonly configFile?: string
  readonly profile?: string
  readonly debug?: true
}

/** A command; `run` gets its flags. With --debug a failure is shown with its stack. */
export function maCommand<F>(
  context: CliContext,
  name: string,
  summary: string,
  example: string,
): { command: Command; action: (run: (flags: F & MaFlags, words: string[]) => Promise<void>) => Command } {
  const command = newCommand(context, name, summary, example)
  const action = (run: (flags: F & MaFlags, words: string[]) => Promise<void>): Command => {
    withJson(command)
      .option('-C, --config-file <file>', 'credentials.json of a server')
      .option('-P, --profile <name>', 'only DEFAULT: a file holds one connection')
      .option('-D, --debug', 'show the stack of a failure')
    return withConnection(command).action(async (...given: unknown[]) => {
      const self = given.at(-1) as Command
      const flags = self.opts<F & MaFlags>()
      if (flags.profile !== undefined && flags.profile !== 'DEFAULT')
        throw new CliError(
          `--profile: got ${JSON.stringify(flags.profile)}; valid: DEFAULT`,
          'Name another file with --config-file.',
        )
      try {
        await run(flags, self.args)
      } catch (error) {
        if (flags.debug && error instanceof Error) context.stderr.write(`${error.stack}\n`)
        throw error
      }
    })
  }
  return { command, action }
}

export const withJobId = (command: Command): Command =>
  command.requiredOption('-i, --job-id <id>', 'id of the job')
