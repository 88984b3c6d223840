// `ropeway registry`: logins of private registries.
import type { Command } from 'commander'
import { addSubcommands, type CommandEntry, newCommand } from '../command.ts'
import type { CliContext } from '../context.ts'

const ENTRIES: readonly CommandEntry[] = [
  {
    name: 'add',
    summary: 'keep the login of a registry, or replace it',
    load: async () => (await import('./add.ts')).addCommand,
  },
  { name: 'list', summary: 'list logins', load: async () => (await import('./list.ts')).listCommand },
  { name: 'rm', summary: 'forget a login', load: async () => (await import('./rm.ts')).rmCommand },
  {
    name: 'test',
    summary: 'ask a registry whether the login opens it',
    load: async () => (await import('./test.ts')).testCommand,
  },
]

/** `argv` begins after `registry`. */
export const registryCommand = (context: CliContext, argv: readonly string[]): Promise<Command> =>
  addSubcommands(
    newCommand(
      context,
      'registry',
      'keep logins of private registries',
      'ropeway registry add harbor.example.com --username ann',
    ),
    context,
    ENTRIES,
    argv,
  )
