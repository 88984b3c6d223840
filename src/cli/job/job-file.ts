// A job as a file: ModelArts' v2 create body as YAML or JSON. A key nobody knows is a typing error here,
// while the wire keeps it (decisions.md 3.6). The known keys are those of the contract's own schema.
import { readFile } from 'node:fs/promises'
import { text as readAll } from 'node:stream/consumers'
import { parseDocument } from 'yaml'
import { trainingJobRequest } from '../../api/training-job.ts'
import { unknownKeys } from '../../api/unknown-keys.ts'
import { nearestName } from '../../lib/nearest-name.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { isSubmitFile, valuesOfFile } from '../ma-job/options.ts'
import { submitBody } from '../ma-job/submit-body.ts'

export type JobDocument = { [key: string]: unknown }

/** The file's text; `-` is standard input. Throws CliError. */
export async function readJobText(context: CliContext, path: string): Promise<string> {
  if (path === '-') return readAll(context.stdin)
  try {
    return await readFile(path, { encoding: 'utf8', signal: context.signal })
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    throw new CliError(
      `The job file cannot be read: ${detail}`,
      'Name a YAML or JSON file, or - for standard input.',
    )
  }
}

/** A file's mapping. `path` is for messages. Throws CliError. */
export function readMapping(path: string, text: string): JobDocument {
  const document = parseDocument(text)
  const problem = document.errors[0]
  if (problem) {
    const at = problem.linePos?.[0]
    const place = at ? `${path}:${at.line}:${at.col}` : path
    throw new CliError(
      `${place} is neither YAML nor JSON: ${problem.message.split('\n')[0]}`,
      'Correct the line named.',
    )
  }
  const value: unknown = document.toJS({ maxAliasCount: 100 })
  if (!isDocument(value))
    throw new CliError(
      `${path} must hold a mapping with metadata, algorithm and spec`,
      'See "ropeway job create --help" for an example.',
    )
  return value
}

/**
 * Reads a job document and refuses keys the contract does not know; a file of `ma-cli ma-job submit` becomes one.
 * `path` is for messages. Throws CliError.
 */
export function parseJobFile(path: string, text: string, newName: () => string): JobDocument {
  const value = readMapping(path, text)
  if (isSubmitFile(value)) return submitBody(valuesOfFile(path, value), newName)
  refuseUnknownKeys(path, value)
  return value
}

const isDocument = (value: unknown): value is JobDocument =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function refuseUnknownKeys(path: string, value: JobDocument): void {
  for (const { at, key, known } of unknownKeys(trainingJobRequest, value))
    throw new CliError(
      `${path}: unknown key ${JSON.stringify([...at, key].join('.'))}`,
      `Did you mean ${JSON.stringify([...at, nearestName(key, known) ?? ''].join('.'))}? Known here: ${known.join(', ')}.`,
    )
}
