// `ropeway run`: create a job, follow it, exit as it did. Ctrl-C never stops a job without having asked.
import type { Command } from 'commander'
import type { TrainingJob } from '../api/job-answer.ts'
import type { RopewayClient } from '../client/ropeway-client.ts'
import { connect } from './client.ts'
import { type CommonFlags, newCommand, withConnection, withJson } from './command.ts'
import type { CliContext } from './context.ts'
import { exitCodeOf } from './job/exit-code.ts'
import type { JobFlags } from './job/job-body.ts'
import { readJobBody, withJobFlags } from './job/job-flags.ts'
import { showDryRun } from './job/show-dry-run.ts'
import { showFollow } from './job/show-follow.ts'
import { write } from './output.ts'
import { jsonLine, visible } from './terminal-text.ts'

const EXAMPLE = `ropeway run --image host --nodes 2 --devices 4 --command 'python3 train.py' \\
    --code-dir obs://training-bucket/code/ --output train_url=obs://training-bucket/model/
ropeway run -f job.yaml

Events go to standard error, log lines to standard output.
Exit code: Completed 0, Failed the code of the first failing rank, Terminated 143, Abnormal 70,
wrong usage 2, refused by the server 1. Ctrl-C asks whether to stop the job or only to detach;
without a terminal it detaches and exits with 0, and the job goes on.`

export function runCommand(context: CliContext): Command {
  const command = newCommand(context, 'run', 'create a job, follow it and exit as it did', EXAMPLE)
  withConnection(withJson(withJobFlags(command), 'print one JSON document a line'))
  return command.action(async (flags: CommonFlags & JobFlags) => {
    const body = await readJobBody(context, flags)
    await using client = await connect(context, flags)
    if (flags.dryRun) return await showDryRun(context, client, body, flags.json === true)
    const job = await client.create(body as Parameters<typeof client.create>[0], context.signal)
    await announce(context, job, flags.json === true)
    await follow(context, client, job, flags.json === true)
  })
}

async function announce(
  { stdout, stderr, signal }: CliContext,
  job: TrainingJob,
  json: boolean,
): Promise<void> {
  if (json) return write(stdout, jsonLine({ kind: 'job', job }), signal)
  await write(stderr, `Job ${visible(job.metadata.name)} was created: ${visible(job.metadata.id)}\n`, signal)
}

async function follow(
  context: CliContext,
  client: RopewayClient,
  job: TrainingJob,
  json: boolean,
): Promise<void> {
  const { followJob } = await import('../client/follow.ts')
  const detach = new AbortController()
  const signal = AbortSignal.any([context.signal, detach.signal])
  // While a question is on the screen, nothing else is written.
  let question: Promise<void> | null = null
  using _ = context.onInterrupt(() => {
    if (question) return detach.abort()
    question = decide(context, client, job, detach).finally(() => {
      question = null
    })
  })
  const nodes = Number((job.spec['resource'] as { node_count?: unknown } | undefined)?.node_count ?? 1)
  try {
    const style = { json, prefixed: nodes > 1, events: true }
    const state = await showFollow(
      context,
      followJob(client, job.metadata.id, { signal }),
      style,
      async () => {
        await question
      },
    )
    await question
    if (!state) return
    context.setExitCode(exitCodeOf(state))
    if (json) return write(context.stdout, jsonLine({ kind: 'end', ...state }), context.signal)
    const message = state.message === '' ? '' : `: ${state.message}`
    await write(
      context.stderr,
      visible(`Job ${job.metadata.name} ${state.phase}${message}`).concat('\n'),
      context.signal,
    )
  } catch (error) {
    if (!detach.signal.aborted || context.signal.aborted) throw error
    await write(
      context.stderr,
      `Detached; the job goes on. Follow it again: ropeway job logs ${visible(job.metadata.name)} --follow\n`,
      context.signal,
    )
  }
}

/** Ctrl-C: on a terminal asks what is meant, elsewhere detaches. */
async function decide(
  context: CliContext,
  client: RopewayClient,
  job: TrainingJob,
  detach: AbortController,
): Promise<void> {
  if (!context.stdin.isTTY || !context.stderr.isTTY) return detach.abort()
  const { ask } = await import('./ask.ts')
  const answer = await ask(context, '\nStop the job (s), only detach (d), or go on (Enter)? ', detach.signal)
  if (answer === null || answer.startsWith('d')) return detach.abort()
  if (!answer.startsWith('s')) return
  try {
    await client.terminate(job.metadata.id, context.signal)
    await write(context.stderr, 'Stopping the job.\n', context.signal)
  } catch (error) {
    // It may have ended by itself meanwhile; the follow tells.
    const reason = error instanceof Error ? error.message : String(error)
    await write(context.stderr, `The job was not stopped: ${visible(reason)}\n`, context.signal)
  }
}
