// Every field that the SDK's create body has, sent one at a time: what comes of it.
import type { Ropeway } from '../e2e/harness.ts'
import { leavesOf, merged, onlyAt, valueAt } from './model-fields.ts'
import type { PythonSdk, SdkAnswer, SdkDescription } from './python-sdk.ts'
import { besideOf, LEAST_JOB, valueFor } from './sent-values.ts'

export type FieldResult = {
  /** A field, or the beginning of all the fields that are refused together. */
  readonly path: string
  readonly sent: unknown
  /** What came back, in words. */
  readonly result: string
}

/** A name and an output folder of its own for each job, so that none stands in the way of another. */
export const ownJob = (document: unknown, index: number): object =>
  JSON.parse(
    JSON.stringify(document)
      .replace('"name":"fields"', `"name":"fields-${index}"`)
      .replaceAll('obs://training-bucket/model/', `obs://training-bucket/model-${index}/`),
  ) as object

const asSent = (value: unknown, index: number): string =>
  JSON.stringify(value ?? null)
    .replaceAll(`fields-${index}`, 'fields')
    .replaceAll(`model-${index}/`, 'model/')

/** Sends them one at a time; the jobs are deleted again. Where a whole part is refused by name, its first field stands for it. */
export async function sendEachField(
  sdk: PythonSdk,
  { models }: SdkDescription,
  ropeway: Ropeway,
): Promise<FieldResult[]> {
  const results: FieldResult[] = []
  const refused = new Set<string>()
  for (const [index, { path, type }] of leavesOf(models, 'Job').entries()) {
    if ([...refused].some((part) => path.startsWith(`${part}.`) || path.startsWith(`${part}[]`))) continue
    const sent = path === 'metadata.name' ? LEAST_JOB.metadata.name : valueFor(path, type)
    const body = [...besideOf(path), onlyAt(path, sent)].reduce(merged, LEAST_JOB)
    const answer = await sdk.call('create_training_job', {}, ownJob(body, index))
    const part = answer.error && fieldNamed(answer.error.message)
    const isWhole = part !== undefined && part !== path && path.startsWith(part)
    if (isWhole) refused.add(part)
    const result = answer.error ? refusal(answer.error) : await kept(sdk, answer, path, sent, index)
    results.push({ path: isWhole ? part : path, sent: isWhole ? '…' : sent, result })
    if (answer.ok) await ropeway.client.delete(idOf(answer))
  }
  return results
}

const idOf = (answer: SdkAnswer): string => (answer.answer as { metadata: { id: string } }).metadata.id

/** The field that a message begins with, as a path of the models. */
const fieldNamed = (message: string): string | undefined =>
  /^([A-Za-z_.[\]0-9]+):/.exec(message)?.[1]?.replace(/\[\d+\]/g, '[]')

const refusal = ({ code, message }: NonNullable<SdkAnswer['error']>): string =>
  code === '' ? `the SDK fails: ${message}` : `refused, ${code}`

async function kept(
  sdk: PythonSdk,
  answer: SdkAnswer,
  path: string,
  sent: unknown,
  index: number,
): Promise<string> {
  const back = valueAt(JSON.parse(answer.raw ?? 'null'), path)
  const events = await sdk.call('list_training_job_events', {
    training_job_id: idOf(answer),
    level: 'Warning',
  })
  const warned = (events.answer as { events: { message: string }[] }).events.some(({ message }) =>
    message
      .replace(/\[\d+\]/g, '[]')
      .split(/[\s:,]/)
      .some((word) => word !== '' && path.startsWith(word)),
  )
  if (back === undefined) return 'not answered'
  const [was, is] = [asSent(sent, index), asSent(back, index)]
  const isSame = was === is || isSuperset(back, sent)
  return `${isSame ? 'same' : `answered \`${is}\``}${warned ? ', with a Warning event' : ''}`
}

/** Annotations come back with ModelArts' own added. */
const isSuperset = (back: unknown, sent: unknown): boolean =>
  typeof sent === 'object' &&
  sent !== null &&
  Object.entries(sent).every(([key, value]) => (back as Record<string, unknown>)[key] === value)
