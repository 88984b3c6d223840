// `ropeway obs rb`: remove a bucket.
import type { Command } from 'commander'
import { type CommonFlags, newCommand, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { write } from '../output.ts'
import { jsonDocument } from '../terminal-text.ts'
import { connectObjects, withObjects } from './connect-objects.ts'
import { parseUrl } from './plan.ts'
import { removeBelow } from './remove-below.ts'

type Flags = CommonFlags & { readonly force?: true }

export function rbCommand(context: CliContext): Command {
  const command = newCommand(context, 'rb', 'remove a bucket', 'ropeway obs rb obs://training-bucket')
    .argument('<bucket>', 'obs://bucket')
    .option('--force', 'with everything that is in it')
  return withObjects(withJson(command)).action(async (text: string, flags: Flags) => {
    const { bucket, key } = parseUrl(text)
    if (key !== '')
      throw new CliError(`A bucket has no key, got ${JSON.stringify(key)}`, `Write obs://${bucket}`)
    const { stdout, signal } = context
    await using client = await connectObjects(context, flags)
    const removed = flags.force ? (await removeBelow(client, { bucket, key: '' }, { signal })).length : 0
    await client.deleteBucket(bucket, { signal })
    const objects = removed > 0 ? ` with ${removed} objects` : ''
    await write(
      stdout,
      flags.json ? jsonDocument({ bucket, removed }) : `Bucket ${bucket} was removed${objects}\n`,
      signal,
    )
  })
}
