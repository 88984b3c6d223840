// `ropeway admin user`: people.
import { type Command, Option } from 'commander'
import { ROLES, type Role } from '../../api/route.ts'
import { newCommand } from '../command.ts'
import type { CliContext } from '../context.ts'
import { takeSecret } from '../secret.ts'
import { formatTable, formatTime } from '../table.ts'
import { visible } from '../terminal-text.ts'
import { actCommand } from './act.ts'

type PasswordFlags = { readonly passwordStdin?: true; readonly askPassword?: true; readonly remove?: true }
type AddFlags = PasswordFlags & {
  readonly project?: string
  readonly role?: Role
  readonly administrator?: true
}

const NAME = [['<name>', 'name or id of the user']] as const

export function userCommand(context: CliContext): Command {
  const group = newCommand(context, 'user', 'people who may use this installation', 'ropeway admin user list')
  for (const command of [
    addCommand(context),
    listCommand(context),
    removeCommand(context),
    enableCommand(context, false),
    enableCommand(context, true),
    passwordCommand(context),
  ])
    group.addCommand(command)
  return group
}

const addCommand = (context: CliContext) =>
  actCommand<AddFlags>(context, {
    name: 'add',
    summary: 'add a user; without a password they work with access keys only',
    example:
      'ropeway admin user add ann --project vision --role user\nropeway admin user add ann --password-stdin < password.txt',
    words: [['<name>', 'letters, digits, "_", ".", "@" and "-"']],
    options: (command) =>
      command
        .option('--project <project>', 'make them a member of this project at once')
        .addOption(new Option('--role <role>', 'their role there (default: user)').choices(ROLES))
        .option('--administrator', 'they may look after users, projects and keys')
        .option('--ask-password', 'ask for a password')
        .option('--password-stdin', 'read the password from standard input'),
    run: async (client, [name = ''], flags) => {
      const { project, role, administrator, askPassword, passwordStdin } = flags
      const wantsPassword = askPassword === true || passwordStdin === true
      const password = wantsPassword && (await passwordOf(context, flags, name))
      const body = {
        name,
        ...(password === false ? {} : { password }),
        ...(project === undefined ? {} : { project }),
        ...(role === undefined ? {} : { role }),
        administrator: administrator === true,
      }
      const document = await client.identity.addUser(body, context.signal)
      const next =
        document.projects.length === 0
          ? `Make them a member of a project: ropeway admin member add PROJECT ${visible(name)}`
          : `Give them a key: ropeway admin key add --user ${visible(name)}`
      return { document, text: `${visible(name)} is a user. ${next}\n` }
    },
  })

const listCommand = (context: CliContext) =>
  actCommand(context, {
    name: 'list',
    summary: 'list users',
    example: 'ropeway admin user list --json',
    run: async (client) => {
      const document = await client.identity.users(context.signal)
      const rows = document.users.map((user) => [
        user.name,
        user.enabled ? 'enabled' : 'disabled',
        user.administrator ? 'yes' : 'no',
        user.has_password ? 'yes' : 'no',
        user.projects.map(({ name, role }) => `${name}:${role}`).join(' '),
        formatTime(user.create_time),
      ])
      const headings = ['USER', 'STATE', 'ADMINISTRATOR', 'PASSWORD', 'PROJECTS', 'ADDED']
      return { document, text: formatTable(headings, rows) }
    },
  })

const removeCommand = (context: CliContext) =>
  actCommand(context, {
    name: 'rm',
    summary: 'remove a user and their access keys; jobs and objects stay',
    example: 'ropeway admin user rm ann',
    words: NAME,
    run: async (client, [name = '']) => {
      await client.identity.removeUser(name, context.signal)
      return { document: { user: name, removed: true }, text: `${visible(name)} is gone\n` }
    },
  })

const enableCommand = (context: CliContext, enabled: boolean) =>
  actCommand(context, {
    name: enabled ? 'enable' : 'disable',
    summary: enabled ? 'let a user in again' : 'shut a user out: password, keys and tokens open nothing',
    example: `ropeway admin user ${enabled ? 'enable' : 'disable'} ann`,
    words: NAME,
    run: async (client, [name = '']) => {
      const document = await client.identity.changeUser(name, { enabled }, context.signal)
      return { document, text: `${visible(document.name)} is ${enabled ? 'enabled' : 'disabled'}\n` }
    },
  })

const passwordCommand = (context: CliContext) =>
  actCommand<PasswordFlags>(context, {
    name: 'passwd',
    summary: 'give a user another password; tokens of before are void',
    example: 'ropeway admin user passwd ann\nropeway admin user passwd ann --password-stdin < password.txt',
    words: NAME,
    options: (command) =>
      command
        .option('--password-stdin', 'read the password from standard input')
        .option('--remove', 'take the password away; access keys stay'),
    run: async (client, [name = ''], flags) => {
      const password = flags.remove ? null : await passwordOf(context, flags, name)
      const document = await client.identity.changeUser(name, { password }, context.signal)
      const words = flags.remove ? 'has no password any more' : 'has a new password'
      return { document, text: `${visible(document.name)} ${words}\n` }
    },
  })

const passwordOf = (context: CliContext, flags: PasswordFlags, name: string): Promise<string> =>
  takeSecret(context, flags.passwordStdin === true, `New password of ${visible(name)}: `)
