// `ropeway job wait`: return when a job has ended, with its exit code.
import type { Command } from 'commander'
import { connect } from '../client.ts'
import { type CommonFlags, newCommand, withConnection, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { write } from '../output.ts'
import { jsonDocument, visible } from '../terminal-text.ts'
import { exitCodeOf } from './exit-code.ts'
import { findJobId } from './find-job.ts'

const EXAMPLE = `ropeway job wait digits && echo trained

Exit code: Completed 0, Failed the code of the first failing rank, Terminated 143, Abnormal 70.`

export function waitCommand(context: CliContext): Command {
  const command = newCommand(context, 'wait', 'wait until a job has ended', EXAMPLE).argument(
    '<job>',
    'id or name',
  )
  withJson(command, 'print the job document at the end')
  return withConnection(command).action(async (name: string, flags: CommonFlags) => {
    const { stdout, signal } = context
    await using client = await connect(context, flags)
    const id = await findJobId(client, name, signal)
    const { followJob } = await import('../../client/follow.ts')
    for await (const item of followJob(client, id, { signal, streams: [] })) {
      if (item.kind !== 'end') continue
      context.setExitCode(exitCodeOf(item.state))
      const text = flags.json
        ? jsonDocument(await client.show(id, signal))
        : `${visible(`${item.state.phase}${item.state.message === '' ? '' : `: ${item.state.message}`}`)}\n`
      await write(stdout, text, signal)
    }
  })
}
