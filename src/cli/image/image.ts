// `ropeway image`: what can be said of images before a job uses them.
import type { Command } from 'commander'
import { addSubcommands, type CommandEntry, newCommand } from '../command.ts'
import type { CliContext } from '../context.ts'

const ENTRIES: readonly CommandEntry[] = [
  {
    name: 'check',
    summary: 'will this image run here, and as a custom image of ModelArts',
    load: async () => (await import('./check.ts')).checkCommand,
  },
]

/** `argv` begins after `image`. */
export const imageCommand = (context: CliContext, argv: readonly string[]): Promise<Command> =>
  addSubcommands(
    newCommand(
      context,
      'image',
      'ask whether an image will run, here and on ModelArts',
      'ropeway image check train:1.0',
    ),
    context,
    ENTRIES,
    argv,
  )
