// `ropeway obs cat`: the bytes of an object to standard output.
import type { Command } from 'commander'
import { type CommonFlags, newCommand } from '../command.ts'
import type { CliContext } from '../context.ts'
import { write } from '../output.ts'
import { connectObjects, withObjects } from './connect-objects.ts'
import { parseUrl } from './plan.ts'

export function catCommand(context: CliContext): Command {
  const command = newCommand(
    context,
    'cat',
    'print objects',
    'ropeway obs cat obs://training-bucket/digits/code/train.py',
  ).argument('<objects...>', 'obs://bucket/key')
  return withObjects(command).action(async (texts: string[], flags: CommonFlags) => {
    const { stdout, signal } = context
    const urls = texts.map(parseUrl)
    await using client = await connectObjects(context, flags)
    for (const { bucket, key } of urls) {
      const { body } = await client.getStream(bucket, key, { signal })
      for await (const piece of body as AsyncIterable<Buffer>) await write(stdout, piece, signal)
    }
  })
}
