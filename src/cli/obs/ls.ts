// `ropeway obs ls`: buckets, or what is in a folder.
import type { Command } from 'commander'
import type { ListEntry } from '../../storage/object-answers.ts'
import type { ObjectClient } from '../../storage/object-client.ts'
import { type CommonFlags, newCommand, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { CliError, EXIT } from '../errors.ts'
import { write } from '../output.ts'
import { formatSize, formatTime } from '../table.ts'
import { jsonDocument, jsonLine, visible } from '../terminal-text.ts'
import { connectObjects, withObjects } from './connect-objects.ts'
import { parseUrl } from './plan.ts'

const EXAMPLE = 'ropeway obs ls obs://training-bucket/digits/\nropeway obs ls -r obs://training-bucket'

type Flags = CommonFlags & { readonly recursive?: true; readonly bytes?: true }

export function lsCommand(context: CliContext): Command {
  const command = newCommand(context, 'ls', 'list buckets, or objects with their sizes', EXAMPLE)
    .argument('[folder]', 'obs://bucket/folder/; without it all buckets')
    .option('-r, --recursive', 'everything below, not only one level')
    .option('--bytes', 'sizes as plain numbers of bytes')
  withJson(command, 'print one JSON document a line; for buckets one document')
  return withObjects(command).action(async (text: string | undefined, flags: Flags) => {
    await using client = await connectObjects(context, flags)
    if (text === undefined) await listBuckets(context, client, flags)
    else await listObjects(context, client, text, flags)
  })
}

async function listBuckets(
  { stdout, signal }: CliContext,
  client: ObjectClient,
  flags: Flags,
): Promise<void> {
  const buckets = await client.listBuckets({ signal })
  if (flags.json) return write(stdout, jsonDocument(buckets), signal)
  const lines = buckets.map(
    ({ name, created }) => `${formatTime(created.getTime())}  obs://${visible(name)}\n`,
  )
  await write(stdout, lines.join(''), signal)
}

async function listObjects(
  context: CliContext,
  client: ObjectClient,
  text: string,
  flags: Flags,
): Promise<void> {
  const { stdout, stderr, signal } = context
  const { bucket, key: prefix } = parseUrl(text)
  let objects = 0
  let bytes = 0
  let prefixes = 0
  const delimiter = flags.recursive ? {} : { delimiter: '/' }
  for await (const entry of client.list(bucket, { prefix, signal, ...delimiter })) {
    if (entry.kind === 'prefix') prefixes += 1
    else {
      objects += 1
      bytes += entry.size
    }
    await write(
      stdout,
      flags.json
        ? jsonLine(entry)
        : entryLine(bucket, entry, stdout.isTTY === true, flags.bytes ? String : formatSize),
      signal,
    )
  }
  if (objects + prefixes === 0 && prefix !== '')
    throw new CliError(
      `There is nothing under ${text}`,
      `See the whole bucket: ropeway obs ls obs://${bucket}`,
      EXIT.failed,
    )
  if (!flags.json) await write(stderr, `${objects} objects, ${formatSize(bytes)}\n`, signal)
}

/** Names go to a pipe as they are, to a terminal without what could act on it. */
function entryLine(
  bucket: string,
  entry: ListEntry,
  terminal: boolean,
  sizeOf: (bytes: number) => string,
): string {
  const shown = (key: string) => `obs://${bucket}/${terminal ? visible(key) : key}\n`
  if (entry.kind === 'prefix') return `${' '.repeat(33)}${shown(entry.prefix)}`
  return `${sizeOf(entry.size).padStart(10)}  ${formatTime(entry.modified.getTime()).padEnd(19)}  ${shown(entry.key)}`
}
