// `ropeway ma-job stop` and `delete`: both ask first unless -y says so.
import type { Command } from 'commander'
import type { RopewayClient } from '../../client/ropeway-client.ts'
import { ask } from '../ask.ts'
import { connect } from '../client.ts'
import type { CliContext } from '../context.ts'
import { CliError, EXIT } from '../errors.ts'
import { write } from '../output.ts'
import { jsonDocument, visible } from '../terminal-text.ts'
import { maCommand, withJobId } from './command.ts'

type Flags = { readonly jobId: string; readonly yes?: true }

export const stopCommand = (context: CliContext): Command =>
  endCommand(context, 'stop', (client, job) => client.terminate(job, context.signal))

export const deleteCommand = (context: CliContext): Command =>
  endCommand(context, 'delete', (client, job) => client.delete(job, context.signal))

function endCommand(
  context: CliContext,
  verb: 'stop' | 'delete',
  end: (client: RopewayClient, job: string) => Promise<unknown>,
): Command {
  const example = `ropeway ma-job ${verb} -i ID -y`
  const { command, action } = maCommand<Flags>(context, verb, `${verb} a job`, example)
  withJobId(command).option('-y, --yes', 'do not ask')
  return action(async ({ jobId, yes, ...flags }) => {
    if (!yes) await confirm(context, verb, jobId)
    await using client = await connect(context, flags)
    const answer = await end(client, jobId)
    const done = verb === 'stop' ? 'is being stopped' : 'is being deleted'
    const text = flags.json ? jsonDocument(answer ?? {}) : `[ OK ] Training job ${visible(jobId)} ${done}\n`
    await write(context.stdout, text, context.signal)
  })
}

/** Throws CliError unless somebody at a terminal agrees. */
async function confirm(context: CliContext, verb: string, jobId: string): Promise<void> {
  const isAsked = context.stdin.isTTY && context.stderr.isTTY
  const answer = isAsked
    ? await ask(context, `Are you sure to ${verb} training job ${visible(jobId)}? [y/N] `, context.signal)
    : null
  if (answer?.startsWith('y')) return
  throw new CliError(
    `The job was left alone: nobody agreed to ${verb} it`,
    'Give -y to agree beforehand.',
    EXIT.failed,
  )
}
