// `ropeway obs mb`: make a bucket.
import type { Command } from 'commander'
import { type CommonFlags, newCommand, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { write } from '../output.ts'
import { jsonDocument } from '../terminal-text.ts'
import { connectObjects, withObjects } from './connect-objects.ts'
import { parseUrl } from './plan.ts'

export function mbCommand(context: CliContext): Command {
  const command = newCommand(context, 'mb', 'make a bucket', 'ropeway obs mb obs://training-bucket')
  command.argument('<bucket>', 'obs://bucket')
  return withObjects(withJson(command)).action(async (text: string, flags: CommonFlags) => {
    const { bucket, key } = parseUrl(text)
    if (key !== '')
      throw new CliError(`A bucket has no key, got ${JSON.stringify(key)}`, `Write obs://${bucket}`)
    await using client = await connectObjects(context, flags)
    const created = await client.createBucket(bucket, { signal: context.signal })
    const words = created ? 'was made' : 'is there already'
    const answer = flags.json ? jsonDocument({ bucket, created }) : `Bucket ${bucket} ${words}\n`
    await write(context.stdout, answer, context.signal)
  })
}
