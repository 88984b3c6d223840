// `ropeway ma-job get-job`: a page of jobs, or one of them.
import type { Command } from 'commander'
import type { TrainingJob } from '../../api/job-answer.ts'
import { connect } from '../client.ts'
import { wholeNumber } from '../command.ts'
import type { CliContext } from '../context.ts'
import { describeJob } from '../job/show.ts'
import { write } from '../output.ts'
import { formatDuration, formatTable, formatTime } from '../table.ts'
import { jsonDocument } from '../terminal-text.ts'
import { maCommand } from './command.ts'

type Flags = {
  readonly jobId?: string
  readonly jobName?: string
  readonly pageNum: number
  readonly pageSize: number
  readonly verbose?: true
}

const EXAMPLE = 'ropeway ma-job get-job -n digits\nropeway ma-job get-job -pn 1 -ps 20'

export function getJobCommand(context: CliContext): Command {
  const { command, action } = maCommand<Flags>(context, 'get-job', 'list jobs, or show one', EXAMPLE)
  command
    .option('-i, --job-id <id>', 'only this job')
    .option('-n, --job-name <text>', 'only jobs with this text in their name')
    .option('--page-num <n>', 'page, from 1 (also -pn)', wholeNumber(1), 1)
    .option('--page-size <n>', 'jobs on a page, at most 50 (also -ps)', wholeNumber(1), 10)
    .option('-v, --verbose', 'show all that is known of each')
  return action(async (flags) => {
    await using client = await connect(context, flags)
    const { jobId, jobName, pageNum, pageSize } = flags
    const filters = jobName === undefined ? [] : [{ key: 'name', operator: 'like', value: [jobName] }]
    const found =
      jobId === undefined
        ? await client.search({ limit: pageSize, offset: pageNum - 1, filters }, context.signal)
        : { items: [await client.show(jobId, context.signal)] }
    const text = flags.json
      ? jsonDocument(jobId === undefined ? found : found.items[0])
      : flags.verbose || jobId !== undefined
        ? found.items.map(describeJob).join('\n')
        : formatTable(HEAD, found.items.map(row))
    await write(context.stdout, text === '' ? 'No jobs.\n' : text, context.signal)
  })
}

const HEAD = ['>INDEX', 'JOB ID', 'JOB NAME', 'STATUS', 'CREATE TIME', '>DURATION', '>NODES']

const row = ({ metadata, status, spec }: TrainingJob, index: number): string[] => [
  String(index + 1),
  metadata.id,
  metadata.name,
  status.phase,
  formatTime(metadata.create_time),
  formatDuration(status.duration),
  String((spec['resource'] as { node_count?: number } | undefined)?.node_count ?? 1),
]
