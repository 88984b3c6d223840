// `ropeway job logs`: what the tasks printed: now, as it comes, or into a file.
import type { Command } from 'commander'
import type { RopewayClient } from '../../client/ropeway-client.ts'
import { connect } from '../client.ts'
import { type CommonFlags, newCommand, withConnection, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { write } from '../output.ts'
import { formatSize } from '../table.ts'
import { jsonDocument, visible } from '../terminal-text.ts'
import { findJobId } from './find-job.ts'
import { readStored } from './read-stored.ts'
import { showFollow } from './show-follow.ts'

const EXAMPLE = `ropeway job logs digits --follow
ropeway job logs digits --task worker-0 --stream rank-3 --download rank-3.log`

type Flags = CommonFlags & {
  readonly task?: string
  readonly stream: string
  readonly follow?: true
  readonly download?: string
}

export function logsCommand(context: CliContext): Command {
  const command = newCommand(context, 'logs', 'print what the tasks of a job wrote', EXAMPLE)
    .argument('<job>', 'id or name')
    .option('--task <task>', 'only this task, such as worker-0')
    .option('--stream <stream>', 'task: everything a task wrote; rank-N: one rank', 'task')
    .option('--follow', 'go on until the job has ended')
    .option('--download <file>', 'write the whole log of one task to a file')
  withJson(command, 'print one JSON document a line')
  return withConnection(command).action(async (name: string, flags: Flags) => {
    if (flags.follow && flags.download !== undefined)
      throw new CliError('--follow and --download exclude each other', 'Download when the job has ended.')
    await using client = await connect(context, flags)
    const id = await findJobId(client, name, context.signal)
    const tasks = flags.task ? [flags.task] : (await client.show(id, context.signal)).status.tasks
    if (flags.download !== undefined)
      return await download(context, client, id, oneTask(tasks), flags, flags.download)
    const style = { json: flags.json === true, prefixed: tasks.length > 1, events: false }
    if (!flags.follow) {
      await showFollow(context, storedLogs(context, client, id, tasks, flags.stream), style)
      return
    }
    const { followJob } = await import('../../client/follow.ts')
    const only = flags.task ? { tasks } : {}
    await showFollow(
      context,
      followJob(client, id, { signal: context.signal, streams: [flags.stream], ...only }),
      style,
    )
  })
}

function oneTask(tasks: readonly string[]): string {
  const [task] = tasks
  if (task !== undefined && tasks.length === 1) return task
  throw new CliError(
    `--download needs --task: the job has ${tasks.length} tasks`,
    `Choose one of ${tasks.join(', ') || '(none yet)'}.`,
  )
}

/** All tasks' logs, one after the other, in the shape of a follow. */
async function* storedLogs(
  context: CliContext,
  client: RopewayClient,
  id: string,
  tasks: readonly string[],
  stream: string,
) {
  for (const task of tasks)
    for await (const { bytes, offset } of readStored(client, id, task, stream, context.signal))
      yield { kind: 'log' as const, task, stream, attempt: 0, offset, bytes }
  const state = {
    phase: '',
    secondary_phase: '',
    terminal: false,
    exit_code: null,
    message: '',
    waiting: null,
  }
  yield { kind: 'end' as const, state }
}

async function download(
  context: CliContext,
  client: RopewayClient,
  id: string,
  task: string,
  flags: Flags,
  file: string,
): Promise<void> {
  const { open, rename, rm } = await import('node:fs/promises')
  // A name of its own until it is whole, so that a broken download never passes for a log.
  const partial = `${file}.part`
  let size = 0
  try {
    await using handle = await open(partial, 'w')
    for await (const { bytes } of readStored(client, id, task, flags.stream, context.signal)) {
      await handle.writeFile(bytes)
      size += bytes.length
    }
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
  await rename(partial, file)
  const text = flags.json
    ? jsonDocument({ file, task, stream: flags.stream, size })
    : `${visible(file)}: ${formatSize(size)}\n`
  await write(context.stdout, text, context.signal)
}
