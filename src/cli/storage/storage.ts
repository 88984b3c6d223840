// `ropeway storage`: object stores elsewhere.
import type { Command } from 'commander'
import { addSubcommands, type CommandEntry, newCommand } from '../command.ts'
import type { CliContext } from '../context.ts'

const ENTRIES: readonly CommandEntry[] = [
  {
    name: 'add',
    summary: 'say that buckets are in a store elsewhere, or change that',
    load: async () => (await import('./add.ts')).addCommand,
  },
  { name: 'list', summary: 'list connections', load: async () => (await import('./list.ts')).listCommand },
  { name: 'rm', summary: 'forget a connection', load: async () => (await import('./rm.ts')).rmCommand },
  {
    name: 'test',
    summary: 'ask a store for its buckets',
    load: async () => (await import('./test.ts')).testCommand,
  },
]

/** `argv` begins after `storage`. */
export const storageCommand = (context: CliContext, argv: readonly string[]): Promise<Command> =>
  addSubcommands(
    newCommand(context, 'storage', 'use buckets of object stores elsewhere', 'ropeway storage list'),
    context,
    ENTRIES,
    argv,
  )
