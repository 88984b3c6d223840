// `ropeway obs presign`: a link that reads an object without keys until it expires.
import type { Command } from 'commander'
import { type CommonFlags, newCommand, wholeNumber, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { CliError, EXIT } from '../errors.ts'
import { write } from '../output.ts'
import { jsonDocument } from '../terminal-text.ts'
import { connectObjects, withObjects } from './connect-objects.ts'
import { parseUrl } from './plan.ts'

type Flags = CommonFlags & { readonly expires: number }

const HOUR = 3600
const MAX_SECONDS = 7 * 24 * HOUR

export function presignCommand(context: CliContext): Command {
  const command = newCommand(
    context,
    'presign',
    'print a link that reads an object without keys',
    'ropeway obs presign obs://training-bucket/model.tar --expires 600',
  )
    .argument('<object>', 'obs://bucket/key')
    .option('--expires <seconds>', 'how long the link works, up to 7 days', wholeNumber(1), HOUR)
  return withObjects(withJson(command)).action(async (text: string, flags: Flags) => {
    const { stdout, signal } = context
    const { bucket, key } = parseUrl(text)
    if (flags.expires > MAX_SECONDS)
      throw new CliError(
        `--expires must be at most ${MAX_SECONDS}, got ${flags.expires}`,
        'That is seven days.',
      )
    await using client = await connectObjects(context, flags)
    // Signing asks nobody; a link to nothing would only be noticed by whoever gets it.
    if (!(await client.head(bucket, key, { signal })))
      throw new CliError(
        `There is no object ${text}`,
        `See what is there: ropeway obs ls obs://${bucket}/`,
        EXIT.failed,
      )
    const url = await client.presign(bucket, key, flags.expires, { signal })
    await write(stdout, flags.json ? jsonDocument({ url, expires_in: flags.expires }) : `${url}\n`, signal)
  })
}
