// `ropeway admin reset`: the way back in, on the data folder itself, with the server stopped.
import type { Command } from 'commander'
import { newCommand, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { write } from '../output.ts'
import { takeSecret } from '../secret.ts'
import { dataDirectory } from '../settings.ts'
import { formatFields } from '../table.ts'
import { jsonDocument, visible } from '../terminal-text.ts'

type Flags = {
  readonly data?: string
  readonly database?: string
  readonly user: string
  readonly askPassword?: true
  readonly passwordStdin?: true
  readonly json?: true
}

const EXAMPLE = `ropeway admin reset --data /srv/ropeway

The server must not be running on the folder. Whoever may read the folder may do this: guard it as the secrets it holds.`

export function resetCommand(context: CliContext): Command {
  const command = newCommand(
    context,
    'reset',
    'make an administrator with a new key, without any key or password',
    EXAMPLE,
  )
    .option('--data <dir>', 'data folder (default: ROPEWAY_DATA, else the user’s data directory)')
    .option('--database <url>', 'postgres://…, when the server has its rows there (or ROPEWAY_DATABASE)')
    .option('--user <name>', 'the administrator; made when there is none of this name', 'admin')
    .option('--ask-password', 'ask for a new password too')
    .option('--password-stdin', 'read a new password from standard input')
  return withJson(command).action(async (flags: Flags) => {
    const { user, database, askPassword, passwordStdin } = flags
    const wantsPassword = askPassword === true || passwordStdin === true
    const question = `New password of ${visible(user)}: `
    const password = wantsPassword ? await takeSecret(context, passwordStdin === true, question) : null
    const made = await context.resetAdministrator({
      dataDir: dataDirectory(flags, context.env, context.homeDir),
      databaseUrl: database ?? null,
      ...{ user, password },
    })
    const fields = formatFields([
      ['Administrator', made.user_name],
      ['Password', password === null ? 'as before' : 'new'],
      ['Access key', made.access_key],
      ['Secret key', made.secret_key],
      ['Project', `${made.project_name} (${made.project_id})`],
    ])
    await write(context.stdout, flags.json ? jsonDocument(made) : fields, context.signal)
  })
}
