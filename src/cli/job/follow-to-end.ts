// A job as its user watches it: to its end, or until Ctrl-C. That never stops a job without having asked.
import type { TrainingJob } from '../../api/job-answer.ts'
import type { RopewayClient } from '../../client/ropeway-client.ts'
import type { CliContext } from '../context.ts'
import { write } from '../output.ts'
import { jsonLine, visible } from '../terminal-text.ts'
import { exitCodeOf } from './exit-code.ts'
import { showFollow } from './show-follow.ts'

/** Prints events and log lines until the job has ended, and sets the exit code to the job's. Ctrl-C asks what is meant. */
export async function followToEnd(
  context: CliContext,
  client: RopewayClient,
  job: TrainingJob,
  json: boolean,
): Promise<void> {
  const { followJob } = await import('../../client/follow.ts')
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
  const { ask } = await import('../ask.ts')
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
