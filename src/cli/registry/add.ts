// `ropeway registry add`: the password comes from a prompt or standard input, never from argv, which everybody can read.
import type { Command } from 'commander'
import { connect } from '../client.ts'
import { type CommonFlags, newCommand, withConnection, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { write } from '../output.ts'
import { takeSecret } from '../secret.ts'
import { jsonDocument, visible } from '../terminal-text.ts'

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
    const question = `Password of ${visible(flags.username)} at ${visible(host)}: `
    const password = await takeSecret(context, flags.passwordStdin === true, question)
    await using client = await connect(context, flags)
    const login = await client.putRegistry(host, { user_name: flags.username, password }, context.signal)
    const text = flags.json
      ? jsonDocument(login)
      : `Pulls from ${visible(login.host)} log in as ${visible(login.user_name)}. Try it: ropeway registry test ${visible(login.host)}\n`
    await write(context.stdout, text, context.signal)
  })
}
