// `ropeway obs rm`: remove an object, everything below a folder, or an empty bucket.
import type { Command } from 'commander'
import type { ObjectClient } from '../../storage/object-client.ts'
import { formatObjectUrl, type ObjectUrl } from '../../storage/object-url.ts'
import { type CommonFlags, newCommand, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { CliError, EXIT } from '../errors.ts'
import { write } from '../output.ts'
import { jsonDocument, visible } from '../terminal-text.ts'
import { connectObjects, withObjects } from './connect-objects.ts'
import { filterOptions, passes } from './filters.ts'
import { parseUrl } from './plan.ts'
import { removeBelow } from './remove-below.ts'

const EXAMPLE = `ropeway obs rm obs://training-bucket/old.txt
ropeway obs rm -r obs://training-bucket/model/    everything whose key begins with model/
ropeway obs rm -r obs://training-bucket/model/ --exclude "*" --include "*.tmp" --dry-run
ropeway obs rm obs://training-bucket              the bucket itself, when it is empty`

type Flags = CommonFlags & { readonly recursive?: true; readonly dryRun?: true }

export function rmCommand(context: CliContext): Command {
  const { filters, options } = filterOptions()
  const command = newCommand(context, 'rm', 'remove objects, or an empty bucket', EXAMPLE)
    .argument('<object>', 'obs://bucket/key, obs://bucket/folder/ with -r, or obs://bucket')
    .option('-r, --recursive', 'everything below the folder')
    .option('--dry-run', 'only say what would be removed')
  for (const option of options) command.addOption(option)
  return withObjects(withJson(command)).action(async (text: string, flags: Flags) => {
    const { signal, stdout } = context
    const url = parseUrl(text)
    if (filters.length > 0 && !flags.recursive)
      throw new CliError('--include and --exclude choose from a folder', 'Remove from it with -r.')
    await using client = await connectObjects(context, flags)
    const dryRun = flags.dryRun === true
    const keys = flags.recursive
      ? await removeBelow(client, url, { signal, passes: passes(filters), dryRun })
      : await removeOne(client, url, { signal, dryRun })
    if (flags.json) return write(stdout, jsonDocument({ url: text, removed: keys.length }), signal)
    if (dryRun) {
      for (const key of keys)
        await write(
          stdout,
          `(dry run) remove ${visible(formatObjectUrl({ bucket: url.bucket, key }))}\n`,
          signal,
        )
      return
    }
    const isBucket = !flags.recursive && url.key === ''
    const what = isBucket
      ? `Bucket ${url.bucket} was removed`
      : `${keys.length} removed from ${visible(text)}`
    await write(stdout, `${what}\n`, signal)
  })
}

/** Removes an object, or a bucket that is empty. */
async function removeOne(
  client: ObjectClient,
  { bucket, key }: ObjectUrl,
  { signal, dryRun }: { signal: AbortSignal; dryRun: boolean },
): Promise<string[]> {
  if (key === '') {
    if (!dryRun) await client.deleteBucket(bucket, { signal })
    return dryRun ? [''] : []
  }
  if (!(await client.head(bucket, key, { signal }))) {
    const advice = key.endsWith('/')
      ? 'Folders are removed with -r.'
      : `See what is there: ropeway obs ls obs://${bucket}/`
    throw new CliError(`There is no object ${formatObjectUrl({ bucket, key })}`, advice, EXIT.failed)
  }
  if (!dryRun) await client.delete(bucket, key, { signal })
  return [key]
}
