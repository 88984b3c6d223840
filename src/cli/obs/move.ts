// `ropeway obs move`: files moved for moxing outside of tasks, in the lines of src/storage/move-service.ts. Hidden,
// because no person types those.
import type { Command } from 'commander'
import { type CommonFlags, newCommand } from '../command.ts'
import type { CliContext } from '../context.ts'
import { connectObjects, withObjects } from './connect-objects.ts'

/** The first line says that this command is known and connected; nothing is read before it. */
const READY = '{"ready":1}\n'

export function moveCommand(context: CliContext): Command {
  const command = newCommand(context, 'move', 'move the files that standard input names')
  return withObjects(command).action(async (flags: CommonFlags) => {
    const [{ serveMove }, { movePace }] = await Promise.all([
      import('../../storage/move-service.ts'),
      import('../../storage/move-files.ts'),
    ])
    const { signal, stdin, stdout } = context
    await using client = await connectObjects(context, flags)
    stdout.write(READY)
    const input = stdin as AsyncIterable<Buffer>
    await serveMove(input, (line) => void stdout.write(line), { client, pace: movePace(), signal })
  })
}
