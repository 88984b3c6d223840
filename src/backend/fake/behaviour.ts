// What a fake task does, told by the annotation `ropeway/fake` of its job. Parsed strictly: a typing error is an error.
//
//   {"tasks": {"*": {"runMs": 5000, "logs": ["hello"]}, "worker-1": {"exitCode": 7}}}
//
// `*` holds for every task not named. All fields may be left out; without the annotation a task runs 1 s and exits 0.
import { z } from 'zod'
import { AppError } from '../../api/error.ts'
import { ANNOTATION } from '../../job/annotations.ts'

export const FAKE_ANNOTATION = ANNOTATION.fake

/** A day: a delay beyond it is a mistake in units. */
const durationMs = z.number().int().min(0).max(86_400_000)
const exitCode = z.number().int().min(0).max(255)

export const fakeBehaviour = z.strictObject({
  /** From start to running. */
  startDelayMs: durationMs.default(0),
  /** From running to its own end; null = until it is stopped. */
  runMs: durationMs.nullable().default(1_000),
  /** exit: ends with exitCode · lost: ends, nobody knows how · never-start: stays `starting` · fail-start: `start` throws. */
  outcome: z.enum(['exit', 'lost', 'never-start', 'fail-start']).default('exit'),
  exitCode: exitCode.default(0),
  /** exit: ends at once with stopExitCode when asked to · ignore: has to be killed (137) after the grace. */
  onStop: z.enum(['exit', 'ignore']).default('exit'),
  stopExitCode: exitCode.default(143),
  oomKilled: z.boolean().default(false),
  /** Default: the address of the placement's host. */
  address: z.string().min(1).nullable().default(null),
  /** Said when it ended by itself, and by a start that fails. */
  message: z.string().default(''),
  /** Lines it prints once, when it starts. */
  logs: z.array(z.string()).default([]),
})
export type FakeBehaviour = z.infer<typeof fakeBehaviour>

const annotation = z.strictObject({ tasks: z.record(z.string(), fakeBehaviour) })

const FIELD = `metadata.annotations["${FAKE_ANNOTATION}"]`
const FIELDS = Object.keys(fakeBehaviour.shape).join(', ')

function parseText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new AppError(
      'InvalidParam',
      `${FIELD} is not JSON (${(error as Error).message}): ${JSON.stringify(text.slice(0, 200))}`,
      {
        cause: error,
      },
    )
  }
}

/** Behaviour of each named task. Throws AppError InvalidParam naming the field, what came and what is valid. */
export function readBehaviours(
  annotations: Readonly<Record<string, string>>,
  tasks: readonly string[],
): ReadonlyMap<string, FakeBehaviour> {
  const text = annotations[FAKE_ANNOTATION]
  const parsed = annotation.safeParse(text === undefined ? { tasks: {} } : parseText(text))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new AppError(
      'InvalidParam',
      `${FIELD}${issue === undefined ? '' : ` at ${issue.path.join('.') || 'its top'}: ${issue.message}`}; valid is {"tasks": {"*" or a task's name: {…}}} with ${FIELDS}`,
    )
  }
  const told = parsed.data.tasks
  const stranger = Object.keys(told).find((name) => name !== '*' && !tasks.includes(name))
  if (stranger !== undefined) {
    throw new AppError(
      'InvalidParam',
      `${FIELD} names the task ${JSON.stringify(stranger)}; the job has ${tasks.join(', ')}`,
    )
  }
  const fallback = told['*'] ?? fakeBehaviour.parse({})
  return new Map(tasks.map((task) => [task, told[task] ?? fallback]))
}
