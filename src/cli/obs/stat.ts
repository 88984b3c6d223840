// `ropeway obs stat`: what an object store knows of one object, or whether a bucket exists.
import type { Command } from 'commander'
import { type CommonFlags, newCommand, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { CliError, EXIT } from '../errors.ts'
import { write } from '../output.ts'
import { formatFields, formatSize, formatTime } from '../table.ts'
import { jsonDocument } from '../terminal-text.ts'
import { connectObjects, withObjects } from './connect-objects.ts'
import { parseUrl } from './plan.ts'

export function statCommand(context: CliContext): Command {
  const example = 'ropeway obs stat obs://training-bucket/digits/code/train.py'
  const command = newCommand(context, 'stat', 'show one object or bucket', example).argument(
    '<object>',
    'obs://bucket/key or obs://bucket',
  )
  return withObjects(withJson(command)).action(async (text: string, flags: CommonFlags) => {
    const { stdout, signal } = context
    const { bucket, key } = parseUrl(text)
    await using client = await connectObjects(context, flags)
    const absent = (what: string, where: string) =>
      new CliError(
        `There is no ${what} ${text}`,
        `See what is there: ropeway obs ls ${where}`.trim(),
        EXIT.failed,
      )
    if (key === '') {
      if (!(await client.bucketExists(bucket, { signal }))) throw absent('bucket', '')
      return write(stdout, flags.json ? jsonDocument({ bucket }) : formatFields([['Bucket', bucket]]), signal)
    }
    const facts = await client.head(bucket, key, { signal })
    if (!facts) throw absent('object', `obs://${bucket}/`)
    const { size, etag, modified, contentType, metadata } = facts
    if (flags.json)
      return write(
        stdout,
        jsonDocument({ bucket, key, size, etag, modified, content_type: contentType, metadata }),
        signal,
      )
    const fields = formatFields([
      ['Object', text],
      ['Size', size < 1024 ? formatSize(size) : `${formatSize(size)} (${size} B)`],
      ['Modified', formatTime(modified?.getTime() ?? 0)],
      ['ETag', etag],
      ['Type', contentType],
      ...Object.entries(metadata).map(([name, value]) => [`Meta ${name}`, value] as const),
    ])
    await write(stdout, fields, signal)
  })
}
