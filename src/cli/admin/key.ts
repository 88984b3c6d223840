// `ropeway admin key`: what programs sign with. A secret is shown once, when it is made.
import { type Command, InvalidArgumentError } from 'commander'
import type { IdentityKeyMade } from '../../api/identity.ts'
import { newCommand } from '../command.ts'
import type { CliContext } from '../context.ts'
import { formatFields, formatTable, formatTime } from '../table.ts'
import { visible } from '../terminal-text.ts'
import { actCommand, type Said } from './act.ts'

const KEY = [['<access-key>', 'the access key']] as const

export function keyCommand(context: CliContext): Command {
  const group = newCommand(context, 'key', 'access keys: one user in one project', 'ropeway admin key list')
  for (const command of [
    addCommand(context),
    listCommand(context),
    removeCommand(context),
    enableCommand(context, false),
    enableCommand(context, true),
    rotateCommand(context),
  ])
    group.addCommand(command)
  return group
}

type AddFlags = {
  readonly user?: string
  readonly project?: string
  readonly description?: string
  readonly expires?: number
}

const addCommand = (context: CliContext) =>
  actCommand<AddFlags>(context, {
    name: 'add',
    summary: 'make an access key; its secret is shown this once',
    example: 'ropeway admin key add --user ann --project vision --expires 90d',
    options: (command) =>
      command
        .option('--user <user>', 'whose (default: your own)')
        .option('--project <project>', 'the project it opens (default: yours, or their only one)')
        .option('--description <text>', 'where it is used')
        .option(
          '--expires <time>',
          'how long it lasts, such as 12h or 90d (default: for ever, or as long as the key that asks)',
          duration,
        ),
    run: async (client, _words, { user, project, description, expires }) => {
      const body = {
        ...(user === undefined ? {} : { user }),
        ...(project === undefined ? {} : { project }),
        ...(description === undefined ? {} : { description }),
        ...(expires === undefined ? {} : { expires_in_s: expires }),
      }
      return made(await client.identity.addKey(body, context.signal))
    },
  })

const listCommand = (context: CliContext) =>
  actCommand<Pick<AddFlags, 'user' | 'project'>>(context, {
    name: 'list',
    summary: 'list access keys: your own, as an administrator all',
    example: 'ropeway admin key list --user ann',
    options: (command) =>
      command.option('--user <user>', 'only theirs').option('--project <project>', 'only those of a project'),
    run: async (client, _words, { user, project }) => {
      const document = await client.identity.keys({ user, project }, context.signal)
      const rows = document.keys.map((key) => [
        key.access_key,
        key.user_name,
        key.project_name,
        stateOf(key),
        formatTime(key.last_use_time ?? 0) || 'never',
        key.expire_time === null ? 'never' : formatTime(key.expire_time),
        key.description,
      ])
      const headings = ['ACCESS KEY', 'USER', 'PROJECT', 'STATE', 'LAST USED', 'EXPIRES', 'DESCRIPTION']
      return { document, text: formatTable(headings, rows) }
    },
  })

const stateOf = ({ enabled, expire_time }: { enabled: boolean; expire_time: number | null }): string =>
  expire_time !== null && expire_time <= Date.now() ? 'expired' : enabled ? 'enabled' : 'disabled'

const removeCommand = (context: CliContext) =>
  actCommand(context, {
    name: 'rm',
    summary: 'remove an access key',
    example: 'ropeway admin key rm RW7XK3PQZ2M9DTN4VHYB',
    words: KEY,
    run: async (client, [key = '']) => {
      await client.identity.removeKey(key, context.signal)
      return { document: { access_key: key, removed: true }, text: `${visible(key)} is gone\n` }
    },
  })

const enableCommand = (context: CliContext, enabled: boolean) =>
  actCommand(context, {
    name: enabled ? 'enable' : 'disable',
    summary: enabled
      ? 'let an access key open again'
      : 'close an access key, and temporary ones made with it',
    example: `ropeway admin key ${enabled ? 'enable' : 'disable'} RW7XK3PQZ2M9DTN4VHYB`,
    words: KEY,
    run: async (client, [key = '']) => {
      const document = await client.identity.changeKey(key, { enabled }, context.signal)
      return { document, text: `${visible(key)} is ${enabled ? 'enabled' : 'disabled'}\n` }
    },
  })

const rotateCommand = (context: CliContext) =>
  actCommand<{ readonly overlap?: number }>(context, {
    name: 'rotate',
    summary: 'make a new access key in place of another',
    example: 'ropeway admin key rotate RW7XK3PQZ2M9DTN4VHYB --overlap 24h',
    words: KEY,
    options: (command) =>
      command.option(
        '--overlap <time>',
        'how long the old one goes on, such as 24h (default: not at all)',
        duration,
      ),
    run: async (client, [key = ''], { overlap = 0 }) =>
      made(await client.identity.rotateKey(key, overlap, context.signal)),
  })

const made = (key: IdentityKeyMade): Said => ({
  document: key,
  text: formatFields([
    ['Access key', key.access_key],
    ['Secret key', key.secret_key],
    ['User', key.user_name],
    ['Project', `${key.project_name} (${key.project_id})`],
    ['Expires', key.expire_time === null ? 'never' : formatTime(key.expire_time)],
  ]),
})

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** Seconds of `90d`. */
function duration(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  const seconds = Number(count) * (UNITS[unit] ?? 0)
  if (seconds > 0) return seconds
  throw new InvalidArgumentError('It must be a time such as 90d, 12h, 30m or 45s.')
}
