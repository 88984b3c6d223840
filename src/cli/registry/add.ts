// `ropeway registry add`: the password comes from a prompt or standard input, never from argv, which everybody can read.
import type { Command } from 'commander'
import { connect } from '../client.ts'
import { type CommonFlags, newCommand, withConnection, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { CliError, EXIT } from '../errors.ts'
import { write } from '../output.ts'
import { jsonDocument, visible } from '../terminal-text.ts'
import { askSecret, readSecret } from './secret.ts'

type Flags = CommonFlags & { readonly username: string; readonly passwordStdin?: true }

const EXAMPLE = [
  'ropeway registry add harbor.example.com --username ann',
  'ropeway registry add 127.0.0.1:5000 --username ann --password-stdin < password.txt',
].join('\n')

export function addCommand(context: CliContext): Command {
  const command = newCommand(context, 'add', 'keep the login of a registry, or replace it', EXAMPLE)
    .argument('<host>', 'the registry as image names begin, such as harbor.example.com or 10.0.0.5:5000')
    .requiredOption('--username <name>', 'user name')
    .option('--password-stdin', 'read the password from standard input')
  return withConnection(withJson(command)).action(async (host: string, flags: Flags) => {
    const password = await passwordOf(context, host, flags)
    await using client = await connect(context, flags)
    const login = await client.putRegistry(host, { user_name: flags.username, password }, context.signal)
    const text = flags.json
      ? jsonDocument(login)
      : `Pulls from ${visible(login.host)} log in as ${visible(login.user_name)}. Try it: ropeway registry test ${visible(login.host)}\n`
    await write(context.stdout, text, context.signal)
  })
}

async function passwordOf(context: CliContext, host: string, flags: Flags): Promise<string> {
  if (flags.passwordStdin) return readSecret(context)
  if (!context.stdin.isTTY)
    throw new CliError(
      'There is no terminal to ask for the password',
      'Give --password-stdin and the password on standard input.',
      EXIT.usage,
    )
  const password = await askSecret(context, `Password of ${visible(flags.username)} at ${visible(host)}: `)
  if (password === '') throw new CliError('No password was given', '', EXIT.usage)
  return password
}
