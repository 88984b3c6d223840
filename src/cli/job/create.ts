// `ropeway job create`: submit and return.
import type { Command } from 'commander'
import { connect } from '../client.ts'
import { type CommonFlags, newCommand, withConnection, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { write } from '../output.ts'
import { jsonDocument, visible } from '../terminal-text.ts'
import type { JobFlags } from './job-body.ts'
import { readJobBody, withJobFlags } from './job-flags.ts'
import { showDryRun } from './show-dry-run.ts'

const EXAMPLE = `ropeway job create --name digits --image host --nodes 2 --devices 4 \\
    --code-dir obs://training-bucket/code/ --command 'python3 train.py' --output train_url=obs://training-bucket/model/
ropeway job create -f job.yaml

job.yaml:
  metadata: {name: digits}
  algorithm: {engine: {image_url: host}, command: echo hello}
  spec: {resource: {node_count: 1}}`

export function createCommand(context: CliContext): Command {
  const command = newCommand(context, 'create', 'submit a job and return', EXAMPLE)
  withConnection(withJson(withJobFlags(command), 'print the stored job document'))
  return command.action(async (flags: CommonFlags & JobFlags) => {
    const body = await readJobBody(context, flags)
    await using client = await connect(context, flags)
    const { signal, stdout } = context
    if (flags.dryRun) return await showDryRun(context, client, body, flags.json === true)
    const job = await client.create(body as Parameters<typeof client.create>[0], signal)
    if (flags.json) return write(stdout, jsonDocument(job), signal)
    const { name, id } = job.metadata
    await write(stdout, `Job ${visible(name)} was created: ${visible(id)}\n`, signal)
  })
}
