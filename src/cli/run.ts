// `ropeway run`: create a job, follow it, exit as it did. Ctrl-C never stops a job without having asked.
import type { Command } from 'commander'
import type { TrainingJob } from '../api/job-answer.ts'
import { connect } from './client.ts'
import { type CommonFlags, newCommand, withConnection, withJson } from './command.ts'
import type { CliContext } from './context.ts'
import { followToEnd } from './job/follow-to-end.ts'
import type { JobFlags } from './job/job-body.ts'
import { readJobBody, withJobFlags } from './job/job-flags.ts'
import { showDryRun } from './job/show-dry-run.ts'
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
    await followToEnd(context, client, job, flags.json === true)
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
