// argv becomes a command; whatever happens becomes an exit code. Only the command asked for is loaded.
import { type Command, CommanderError } from 'commander'
import { addSubcommands, type CommandEntry, isShownHelp, newCommand } from './command.ts'
import type { CliContext } from './context.ts'
import { EXIT } from './errors.ts'
import { longOptions } from './ma-job/long-options.ts'
import { visibleLines } from './terminal-text.ts'

/** `job`, `obs`, `registry`, `storage`, `admin` and `image` need the words after them to know which of their own commands to load. */
const entriesFor = (argv: readonly string[]): readonly CommandEntry[] => {
  const rest = argv[0] === 'help' ? argv.slice(2) : argv.slice(1)
  return [
    { name: 'serve', summary: 'run the server', load: async () => (await import('./serve.ts')).serveCommand },
    {
      name: 'run',
      summary: 'create a job, follow it and exit as it did',
      load: async () => (await import('./run.ts')).runCommand,
    },
    {
      name: 'job',
      summary: 'submit, watch and end jobs: create list show tasks events logs wait exec stop delete',
      load: async () => {
        const { jobCommand } = await import('./job/job.ts')
        return (context) => jobCommand(context, rest)
      },
    },
    {
      name: 'ma-job',
      summary:
        "ma-cli's commands: submit get-job get-log get-event get-engine get-flavor get-pool stop delete",
      load: async () => {
        const { maJobCommand } = await import('./ma-job/ma-job.ts')
        return (context) => maJobCommand(context, rest)
      },
    },
    {
      name: 'obs',
      summary: 'work with objects: mb rb ls cp sync rm cat stat presign',
      load: async () => {
        const { obsCommand } = await import('./obs/obs.ts')
        return (context) => obsCommand(context, rest)
      },
    },
    {
      name: 'rank-table',
      summary: 'convert, check and show Ascend rank tables',
      load: async () => (await import('./rank-table.ts')).rankTableCommand,
    },
    {
      name: 'launcher',
      summary: 'take the launcher into images of your own: export',
      load: async () => (await import('./launcher.ts')).launcherCommand,
    },
    {
      name: 'flavor',
      summary: 'list what can be asked for',
      load: async () => (await import('./flavor.ts')).flavorCommand,
    },
    {
      name: 'registry',
      summary: 'keep logins of private registries: add list rm test',
      load: async () => {
        const { registryCommand } = await import('./registry/registry.ts')
        return (context) => registryCommand(context, rest)
      },
    },
    {
      name: 'admin',
      summary: 'look after users, projects and access keys: user project member key whoami reset',
      load: async () => {
        const { adminCommand } = await import('./admin/admin.ts')
        return (context) => adminCommand(context, rest)
      },
    },
    {
      name: 'storage',
      summary: 'use buckets of object stores elsewhere: add list rm test',
      load: async () => {
        const { storageCommand } = await import('./storage/storage.ts')
        return (context) => storageCommand(context, rest)
      },
    },
    {
      name: 'image',
      summary: 'ask whether an image will run, here and on ModelArts: check',
      load: async () => {
        const { imageCommand } = await import('./image/image.ts')
        return (context) => imageCommand(context, rest)
      },
    },
    {
      name: 'doctor',
      summary: 'say what this machine offers and what is missing',
      load: async () => (await import('./doctor.ts')).doctorCommand,
    },
  ]
}

async function buildProgram(context: CliContext, argv: readonly string[]): Promise<Command> {
  const program = newCommand(
    context,
    'ropeway',
    'Training jobs that are container images, on machines you own.',
    "ropeway serve --data ./data --simulate 2x4\nropeway run --image host --devices 4 --command 'python3 train.py'",
  ).version(context.version, '-V, --version', 'print the version')
  return addSubcommands(program, context, entriesFor(argv), argv)
}

/** Runs one command line (without `node` and the script) and answers the exit code. Never throws. */
export async function runCli(
  argv: readonly string[],
  given: Omit<CliContext, 'setExitCode'>,
): Promise<number> {
  let exitCode: number = EXIT.ok
  const context: CliContext = {
    ...given,
    setExitCode: (code) => {
      exitCode = code
    },
  }
  try {
    const program = await buildProgram(context, argv)
    await program.parseAsync(argv[0] === 'ma-job' ? longOptions(argv) : argv, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return isShownHelp(error) ? EXIT.ok : EXIT.usage
    // Interrupted: main.ts knows by which signal.
    if (given.signal.aborted) return EXIT.failed
    const { describeError } = await import('./errors.ts')
    const { message, solution, exitCode: code } = describeError(error)
    const advice = solution === '' ? '' : `  ${visibleLines(solution)}\n`
    given.stderr.write(`ropeway: ${visibleLines(message)}\n${advice}`)
    return code
  }
}
