// `ropeway admin`: users, projects, members and access keys.
import type { Command } from 'commander'
import { addSubcommands, type CommandEntry, newCommand } from '../command.ts'
import type { CliContext } from '../context.ts'
import { formatFields } from '../table.ts'
import { actCommand } from './act.ts'

const ENTRIES: readonly CommandEntry[] = [
  {
    name: 'user',
    summary: 'people: add list rm disable enable passwd',
    load: async () => (await import('./user.ts')).userCommand,
  },
  {
    name: 'project',
    summary: 'tenants: add list rm disable enable',
    load: async () => (await import('./project.ts')).projectCommand,
  },
  {
    name: 'member',
    summary: 'who may use a project, and how far: add list rm',
    load: async () => (await import('./project.ts')).memberCommand,
  },
  {
    name: 'key',
    summary: 'access keys: add list rm disable enable rotate',
    load: async () => (await import('./key.ts')).keyCommand,
  },
  {
    name: 'whoami',
    summary: 'say who you are to the server',
    load: async () => whoAmICommand,
  },
  {
    name: 'reset',
    summary: 'make an administrator on the data folder, when nobody can get in',
    load: async () => (await import('./reset.ts')).resetCommand,
  },
]

/** `argv` begins after `admin`. */
export const adminCommand = (context: CliContext, argv: readonly string[]): Promise<Command> =>
  addSubcommands(
    newCommand(
      context,
      'admin',
      'look after users, projects and access keys',
      'ropeway admin user add ann --project default',
    ),
    context,
    ENTRIES,
    argv,
  )

const whoAmICommand = (context: CliContext): Command =>
  actCommand(context, {
    name: 'whoami',
    summary: 'say who you are to the server',
    example: 'ropeway admin whoami',
    run: async (client) => {
      const document = await client.identity.whoAmI(context.signal)
      const { user_name, administrator, project_name, project_id, role } = document
      const text = formatFields([
        ['User', administrator ? `${user_name} (administrator)` : user_name],
        ['Project', `${project_name} (${project_id})`],
        ['Role', role ?? 'none'],
      ])
      return { document, text }
    },
  })
