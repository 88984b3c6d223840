// The flags that describe a job, shared by `run` and `job create`.
import { type Command, InvalidArgumentError, Option } from 'commander'
import { newShortId } from '../../lib/id.ts'
import { wholeNumber } from '../command.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { buildJobBody, type JobFlags, type Pair, type VolumeFlag } from './job-body.ts'
import type { JobDocument } from './job-file.ts'

/** Collects a repeated NAME=VALUE flag. The value may hold further `=`. */
function pair(text: string, collected: readonly Pair[] = []): Pair[] {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('It must read NAME=VALUE.')
  const name = text.slice(0, at)
  if (collected.some((other) => other.name === name))
    throw new InvalidArgumentError(`"${name}" was given before; give each name once.`)
  return [...collected, { name, value: text.slice(at + 1) }]
}

function objectPair(text: string, collected: readonly Pair[] = []): Pair[] {
  const pairs = pair(text, collected)
  if (!pairs.at(-1)?.value.startsWith('obs://'))
    throw new InvalidArgumentError('It must read NAME=obs://bucket/folder/.')
  return pairs
}

/** `/host/path:/path[:ro|rw]` or `server:/path:/path[:ro|rw]`. */
function volume(text: string, collected: readonly VolumeFlag[] = []): VolumeFlag[] {
  const match = /^(?:(\[[0-9A-Fa-f:]+\]|[^/:[\]]+):)?(\/[^:]*):(\/[^:]*)(?::(ro|rw))?$/.exec(text)
  const [, server = null, source, target, access] = match ?? []
  if (source === undefined || target === undefined)
    throw new InvalidArgumentError('It must read SOURCE:TARGET[:ro|rw], both absolute; SERVER:/path for NFS.')
  return [
    ...collected,
    { server, source, target, readOnly: access === undefined ? undefined : access === 'ro' },
  ]
}

/** Adds the job flags to a command. */
export function withJobFlags(command: Command): Command {
  return command
    .option(
      '-f, --file <job.yaml>',
      'ModelArts v2 create body as YAML or JSON; - reads standard input; flags win',
    )
    .option('--name <name>', 'name of the job (default: a new one)')
    .option('--image <image>', 'container image; on the host backend: host')
    .option('--command <command>', 'what to run in the image')
    .option('--code-dir <obs://…/>', 'folder with the code, brought in before the start')
    .option('--boot-file <obs://…>', 'Python file under the code folder, instead of a command')
    .option('--env <K=V>', 'environment variable (may be repeated)', pair)
    .option('--parameter <K=V>', 'appended to the command as --K=V (may be repeated)', pair)
    .option('--input <NAME=obs://…/>', 'data to bring in (may be repeated)', objectPair)
    .option('--output <NAME=obs://…/>', 'folder for results, filled at the end (may be repeated)', objectPair)
    .option('--nodes <n>', 'number of tasks', wholeNumber(1))
    .addOption(new Option('--devices <n>', 'devices per task').argParser(wholeNumber(0)).conflicts('flavor'))
    .option('--flavor <id>', 'size of a task, from "ropeway flavor list"')
    .option(
      '--volume <SRC:DST[:ro|rw]>',
      'shared folder, where the administrator allows it (may be repeated)',
      volume,
    )
    .option('--shm-size <size>', 'size of /dev/shm, such as 8Gi (default: half of the memory)')
    .option('--pull-policy <policy>', 'when to pull the image: always, missing or never')
    .option('--host-network', "use the host's network, where the administrator allows it")
    .option('--dry-run', 'only show what would happen')
}

const newName = (): string => `job-${newShortId(8)}`

/** Reads the file, if any, and makes the create body. Throws CliError. */
export async function readJobBody(context: CliContext, flags: JobFlags): Promise<JobDocument> {
  let document: JobDocument = {}
  if (flags.file !== undefined) {
    const { parseJobFile, readJobText } = await import('./job-file.ts')
    document = parseJobFile(
      flags.file === '-' ? 'standard input' : flags.file,
      await readJobText(context, flags.file),
      newName,
    )
  } else if (flags.image === undefined && flags.command === undefined && flags.bootFile === undefined)
    throw new CliError(
      'There is nothing to run: no --image and --command, and no -f',
      'Give --image and --command, or -f job.yaml; --help has an example.',
    )
  return buildJobBody(flags, document, newName)
}
