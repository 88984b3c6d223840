// `ropeway ma-job submit [YAML_FILE]`: what ma-cli takes becomes a create body; without -q the job is followed to its end.
import type { Command } from 'commander'
import { newShortId } from '../../lib/id.ts'
import { connect } from '../client.ts'
import type { CliContext } from '../context.ts'
import { followToEnd } from '../job/follow-to-end.ts'
import { readJobText, readMapping } from '../job/job-file.ts'
import { write } from '../output.ts'
import { jsonLine, visible } from '../terminal-text.ts'
import { maCommand } from './command.ts'
import { OPTION_NAMES, SUBMIT_OPTIONS, type SubmitValues, valueOfFlag, valuesOfFile } from './options.ts'
import { submitBody } from './submit-body.ts'

const EXAMPLE = `ropeway ma-job submit train.yaml --train-instance-count 2
ropeway ma-job submit --code-dir obs://your-bucket/code/ --boot-file main.py --image-url team/train:1 \\
    --train-instance-type ropeway.cpu.1 --output train_url=obs://your-bucket/model/ --log-url obs://your-bucket/logs/

train.yaml has the names of the options as keys; options win.`

type Flags = { readonly quiet?: true }

export function submitCommand(context: CliContext): Command {
  const { command, action } = maCommand<Flags>(context, 'submit', 'submit a job and see it through', EXAMPLE)
  command.argument('[yaml_file]', 'options as YAML; - reads standard input')
  const values: Record<string, unknown> = {}
  for (const name of OPTION_NAMES) {
    const [, says] = SUBMIT_OPTIONS[name]
    command.option(`--${name} <value>`, says, (text: string) => {
      values[name] = valueOfFlag(name, text, values[name])
      return values[name]
    })
  }
  command.option('-q, --quiet', 'return when the job is submitted')
  return action(async (flags, [file]) => {
    const stored = file === undefined ? {} : await valuesFrom(context, file)
    const body = submitBody({ ...stored, ...values } as SubmitValues, () => `job-${newShortId(8)}`)
    await using client = await connect(context, flags)
    const job = await client.create(body as Parameters<typeof client.create>[0], context.signal)
    const told = flags.json
      ? jsonLine({ kind: 'job', job })
      : `[ OK ] Current training job id is: ${visible(job.metadata.id)}\n`
    await write(context.stdout, told, context.signal)
    if (!flags.quiet) await followToEnd(context, client, job, flags.json === true)
  })
}

async function valuesFrom(context: CliContext, file: string): Promise<SubmitValues> {
  const path = file === '-' ? 'standard input' : file
  return valuesOfFile(path, readMapping(path, await readJobText(context, file)))
}
