// How every command is made: same help, same errors, same connection flags; subcommands are loaded when named.
import { Command, type CommanderError, InvalidArgumentError } from 'commander'
import type { CliContext } from './context.ts'
import type { ConnectionFlags } from './settings.ts'

/** A subcommand by name; `load` is only called for the one that is asked for, which keeps the start fast. */
export type CommandEntry = {
  readonly name: string
  readonly summary: string
  readonly load: () => Promise<(context: CliContext) => Command | Promise<Command>>
  /** For programs, not for people: no help names it. */
  readonly hidden?: true
}

/** An empty command that writes to the context's streams and throws CommanderError instead of exiting. */
export function newCommand(context: CliContext, name: string, summary: string, example = ''): Command {
  const command = new Command(name)
    .description(summary)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
    })
    .helpOption('-h, --help', 'show this help')
    .showHelpAfterError('(--help shows what is possible)')
  const lines = example.split('\n').map((line) => (line === '' ? '\n' : `  ${line}\n`))
  return example === '' ? command : command.addHelpText('after', `\nExample:\n${lines.join('')}`.trimEnd())
}

/** Adds a line per subcommand, and the whole of the one that `argv` names. `argv` begins after this command's name. */
export async function addSubcommands(
  parent: Command,
  context: CliContext,
  entries: readonly CommandEntry[],
  argv: readonly string[],
): Promise<Command> {
  const [first, second] = argv.filter((word) => !word.startsWith('-'))
  const asked = first === 'help' ? second : first
  for (const { name, summary, load, hidden = false } of entries) {
    const command = name === asked ? await (await load())(context) : newCommand(context, name, summary)
    parent.addCommand(command, { hidden })
  }
  return parent.helpCommand('help [command]', 'show the help of a command')
}

/** Adds --json. */
export const withJson = (command: Command, what = 'print one JSON document'): Command =>
  command.option('--json', what)

/** Adds the flags that say where the server is and who asks; `objects` for the object store's too. */
export function withConnection(command: Command): Command {
  return command
    .optionsGroup('Connection (else ROPEWAY_… variables, else credentials.json of the data folder):')
    .option('--endpoint <url>', 'the API, such as http://127.0.0.1:8470')
    .option('--object-endpoint <url>', 'the object store, such as http://127.0.0.1:8471')
    .option('--access-key <id>', 'access key')
    .option('--secret-key <key>', 'secret key (ROPEWAY_SECRET_KEY keeps it out of process lists)')
    .option('--security-token <token>', 'of a temporary access key (or ROPEWAY_SECURITY_TOKEN)')
    .option('--project-id <id>', 'project')
    .option('--data <dir>', 'data folder with credentials.json')
}

/** Every command's options have at least these. */
export type CommonFlags = ConnectionFlags & { readonly json?: true }

/** Reads a whole number of at least `minimum`. For commander's option parsers. */
export const wholeNumber =
  (minimum: number) =>
  (text: string): number => {
    const value = Number(text)
    if (!/^\d{1,15}$/.test(text) || value < minimum)
      throw new InvalidArgumentError(`It must be a whole number of at least ${minimum}.`)
    return value
  }

/** What commander throws for help and version too. */
export const isShownHelp = (error: CommanderError): boolean =>
  error.code === 'commander.helpDisplayed' || error.code === 'commander.version' || error.exitCode === 0
