// `ropeway image check`: exits 1 when something about the image will not work. Nothing of it is run.
import { type Command, Option } from 'commander'
import type { CheckPlace, ImageCheck, ImageCheckProgress, ImageFinding } from '../../api/image-check.ts'
import type { RopewayClient } from '../../client/ropeway-client.ts'
import { connect } from '../client.ts'
import { type CommonFlags, newCommand, withConnection, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { EXIT } from '../errors.ts'
import { write } from '../output.ts'
import { formatSize } from '../table.ts'
import { jsonDocument, visible } from '../terminal-text.ts'
import { showCheck } from './show-check.ts'

type Flags = CommonFlags & { readonly generation?: '1' | '2' }
type Done = Extract<ImageCheck, { state: 'done' }>

const EXAMPLE = [
  'ropeway image check train:1.0',
  'ropeway image check harbor.example.com/team/train:1 --generation 2',
].join('\n')

/** Seconds between two lines of progress on a terminal; without one, the longest that an answer may take. */
const SHORT_WAIT_S = 1
const LONG_WAIT_S = 30

export function checkCommand(context: CliContext): Command {
  const command = newCommand(
    context,
    'check',
    'will this image run here, and as a custom image of ModelArts',
    EXAMPLE,
  )
    .argument('<image>', 'the image, as algorithm.engine.image_url names it')
    .addOption(
      new Option(
        '--generation <n>',
        'only what matters here and for this generation of ModelArts; its errors count then too',
      ).choices(['1', '2']),
    )
  return withConnection(withJson(command)).action(async (image: string, flags: Flags) => {
    await using client = await connect(context, flags)
    const done = await waitForCheck(context, client, image)
    const findings = findingsFor(done.findings, flags.generation)
    const colours = Boolean(context.stdout.isTTY) && (context.env['NO_COLOR'] ?? '') === ''
    const text = flags.json
      ? jsonDocument({ summary: done.summary, findings })
      : showCheck(done.summary, findings, { colours, columns: context.stdout.columns ?? 100 })
    await write(context.stdout, text, context.signal)
    const counts = flags.generation === undefined ? ['here'] : placesOf(flags.generation)
    if (findings.some(({ level, applies }) => level === 'error' && counts.includes(applies)))
      context.setExitCode(EXIT.failed)
  })
}

const placesOf = (generation: '1' | '2'): readonly CheckPlace[] => ['here', `modelarts-${generation}`]

const findingsFor = (findings: readonly ImageFinding[], generation: '1' | '2' | undefined): ImageFinding[] =>
  findings.filter(({ applies }) => generation === undefined || placesOf(generation).includes(applies))

/** Asks until there is an answer; a terminal sees how far it is. */
async function waitForCheck(context: CliContext, client: RopewayClient, image: string): Promise<Done> {
  const { stderr, signal } = context
  const live = stderr.isTTY === true
  let shown = false
  try {
    for (;;) {
      const answer = await client.checkImage(image, live ? SHORT_WAIT_S : LONG_WAIT_S, signal)
      if (answer.state === 'done') return answer
      if (!live) continue
      stderr.write(`\r\x1b[K${progressLine(answer.progress)}`)
      shown = true
    }
  } finally {
    if (shown) stderr.write('\r\x1b[K')
  }
}

function progressLine({ step, message, bytes, total_bytes: total }: ImageCheckProgress): string {
  const text = visible(message).slice(0, 150)
  if (step !== 'read' || bytes === 0) return text
  // What the engine counts and what the files add up to differ a little.
  const percent = total > 0 ? `, ${Math.min(99, Math.floor((100 * bytes) / total))} %` : ''
  return `${text} ${formatSize(bytes)}${percent}`
}
