// `ropeway obs rm`: remove an object, everything below a folder, or an empty bucket.
import type { Command } from 'commander'
import { type CommonFlags, newCommand, withConnection, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { CliError, EXIT } from '../errors.ts'
import { write } from '../output.ts'
import { jsonDocument, visible } from '../terminal-text.ts'
import { connectObjects } from './connect-objects.ts'
import { parseUrl } from './plan.ts'

const EXAMPLE = `ropeway obs rm obs://training-bucket/old.txt
ropeway obs rm -r obs://training-bucket/model/    everything whose key begins with model/
ropeway obs rm obs://training-bucket              the bucket itself, when it is empty`

type Flags = CommonFlags & { readonly recursive?: true }
const BATCH = 1000

export function rmCommand(context: CliContext): Command {
  const command = newCommand(context, 'rm', 'remove objects, or an empty bucket', EXAMPLE)
    .argument('<object>', 'obs://bucket/key, obs://bucket/folder/ with -r, or obs://bucket')
    .option('-r, --recursive', 'everything below the folder')
  return withConnection(withJson(command)).action(async (text: string, flags: Flags) => {
    const { signal } = context
    const { bucket, key } = parseUrl(text)
    await using client = await connectObjects(context, flags)
    let removed = 0
    if (flags.recursive) {
      // Without the slash `model` would also take `models/`.
      const prefix = key === '' || key.endsWith('/') ? key : `${key}/`
      const keys: string[] = []
      const flush = async () => {
        await client.deleteMany(bucket, keys, { signal })
        removed += keys.splice(0).length
      }
      for await (const entry of client.list(bucket, { prefix, signal })) {
        if (entry.kind === 'object') keys.push(entry.key)
        if (keys.length >= BATCH) await flush()
      }
      if (keys.length > 0) await flush()
    } else if (key === '') await client.deleteBucket(bucket, { signal })
    else if (await client.head(bucket, key, { signal })) {
      await client.delete(bucket, key, { signal })
      removed = 1
    } else {
      const advice = key.endsWith('/')
        ? 'Folders are removed with -r.'
        : `See what is there: ropeway obs ls obs://${bucket}/`
      throw new CliError(`There is no object ${text}`, advice, EXIT.failed)
    }
    const what =
      !flags.recursive && key === ''
        ? `Bucket ${bucket} was removed`
        : `${removed} removed from ${visible(text)}`
    await write(context.stdout, flags.json ? jsonDocument({ url: text, removed }) : `${what}\n`, signal)
  })
}
