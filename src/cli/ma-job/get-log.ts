// `ropeway ma-job get-log`: what is stored of one task's log now.
import type { Command } from 'commander'
import { connect } from '../client.ts'
import type { CliContext } from '../context.ts'
import { readStored } from '../job/read-stored.ts'
import { write } from '../output.ts'
import { jsonDocument } from '../terminal-text.ts'
import { maCommand, withJobId } from './command.ts'

type Flags = { readonly jobId: string; readonly taskId: string }

export function getLogCommand(context: CliContext): Command {
  const { command, action } = maCommand<Flags>(
    context,
    'get-log',
    'print the log of a task',
    'ropeway ma-job get-log -i ID',
  )
  withJobId(command).option('-t, --task-id <task>', 'task', 'worker-0')
  return action(async (flags) => {
    await using client = await connect(context, flags)
    const pieces = readStored(client, flags.jobId, flags.taskId, 'task', context.signal)
    if (!flags.json) {
      for await (const { bytes } of pieces) await write(context.stdout, bytes, context.signal)
      return
    }
    const all = Buffer.concat(await Array.fromAsync(pieces, ({ bytes }) => bytes))
    const document = { job_id: flags.jobId, task_id: flags.taskId, content: all.toString('utf8') }
    await write(context.stdout, jsonDocument(document), context.signal)
  })
}
