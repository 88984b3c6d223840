// The page docs/sdk-coverage.md: what Huawei Cloud's SDK sent, and what it read of the answers.
//   node test/sdk/coverage.ts            writes it anew; an end-to-end test compares.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BodyFieldResult, sendOtherFields } from './body-fields.ts'
import { type Connected, connectSdk } from './connected.ts'
import { type FieldResult, sendEachField } from './create-fields.ts'
import { leavesOf, pathsIn } from './model-fields.ts'
import {
  hasRoute,
  NOT_THERE_YET,
  TRAINING_OPERATIONS,
  type TrainingOperation,
} from './training-operations.ts'

export const COVERAGE_PAGE = join(import.meta.dirname, '..', '..', 'docs', 'sdk-coverage.md')

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n')

/** The whole page. */
export async function renderCoverage(connected: Connected, fields: readonly FieldResult[]): Promise<string> {
  const { description } = connected
  const there = TRAINING_OPERATIONS.filter((name) => {
    const operation = description.operations[name]
    return operation !== undefined && hasRoute(operation)
  })
  const answers: string[][] = []
  for (const name of there) answers.push(await answerRow(connected, name))
  const others = await sendOtherFields(connected)
  return `# What does Huawei Cloud's SDK send, and what does it read?

Written by \`node test/sdk/coverage.ts\`, which runs the Python packages \`huaweicloudsdkmodelarts\` and
\`huaweicloudsdkcore\` 3.1.219 against a server; a test compares. [fields.md](fields.md) says what happens with each field.

## Calls

Of the SDK's training calls these are answered. A field that is not read is one that the SDK's model of the answer has and
this answer had not; many are there for kinds of jobs only that are refused.

${table(['call of the SDK', 'status', 'fields read', 'not in this answer'], answers)}

Not there yet, answered by \`ModelArts.2836\` or \`ModelArts.2803\`: ${NOT_THERE_YET.map((name) => `\`${name}\``).join(', ') || 'none'}.

## Fields of a create body

Each was sent alone in the least body, by the SDK's own models.

${table(['field', 'sent', 'came back'], fields.map(fieldRow))}

## Fields of other bodies

Each was sent alone in the least body of its call. \`taken\`: the call did its work, and its answer has no such field.

${table(['call of the SDK', 'field', 'sent', 'came back'], others.map(otherRow))}
`
}

const otherRow = ({ call, ...field }: BodyFieldResult): string[] => [`\`${call}\``, ...fieldRow(field)]

const fieldRow = ({ path, sent, result }: FieldResult): string[] => [
  `\`${path}\``,
  `\`${JSON.stringify(sent)}\``,
  result,
]

/** Of parts that are absent as a whole only where they begin. */
function tops(absent: readonly string[], known: readonly string[]): string[] {
  const missing = new Set(absent)
  const top = (path: string): string => {
    const steps = path.split('.')
    const starts = steps.map((_, index) => steps.slice(0, index + 1).join('.'))
    const whole = starts.find((start) =>
      known.every((other) => missing.has(other) || !(other === start || other.startsWith(`${start}.`))),
    )
    return whole ?? path
  }
  return [...new Set(absent.map(top))]
}

async function answerRow({ callCase, description }: Connected, name: TrainingOperation): Promise<string[]> {
  const answer = await callCase(name)
  const known = leavesOf(description.models, description.operations[name]?.response ?? '').map(
    ({ path }) => path,
  )
  const body = JSON.parse(answer.raw || 'null') as unknown
  const came = new Set(pathsIn(Array.isArray(body) ? { body } : body))
  const isThere = (path: string): boolean =>
    came.has(path) ||
    [...came].some(
      (one) => one.startsWith(`${path}.`) || one.startsWith(`${path}[]`) || path.startsWith(`${one}[]`),
    )
  const absent = known.filter((path) => !isThere(path))
  return [
    `\`${name}\``,
    String(answer.status),
    `${known.length - absent.length} of ${known.length}`,
    tops(absent, known)
      .map((path) => `\`${path}\``)
      .join(' '),
  ]
}

if (import.meta.main) {
  await using connected = await connectSdk()
  const fields = await sendEachField(connected.sdk, connected.description, connected.world.ropeway)
  writeFileSync(COVERAGE_PAGE, await renderCoverage(connected, fields))
}
