// Names of the contract's schemas in the OpenAPI document: those they are exported by. Pure.
import { z } from 'zod'
import * as account from '../account.ts'
import * as algorithm from '../algorithm.ts'
import * as engine from '../engine.ts'
import * as error from '../error.ts'
import * as event from '../event.ts'
import * as experiment from '../experiment.ts'
import * as flavor from '../flavor.ts'
import * as iam from '../iam.ts'
import * as identity from '../identity.ts'
import * as imageCheck from '../image-check.ts'
import * as jobAnswer from '../job-answer.ts'
import * as jobCalls from '../job-calls.ts'
import * as jobSearch from '../job-search.ts'
import * as log from '../log.ts'
import * as logLines from '../log-lines.ts'
import * as metric from '../metric.ts'
import * as own from '../own.ts'
import * as pool from '../pool.ts'
import * as quota from '../quota.ts'
import * as registry from '../registry.ts'
import * as report from '../report.ts'
import * as storageConnection from '../storage-connection.ts'
import * as tag from '../tag.ts'
import * as trainingJob from '../training-job.ts'

/** Files of src/api whose schemas travel in bodies and answers. */
export const SCHEMA_FILES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  account,
  algorithm,
  engine,
  error,
  event,
  experiment,
  flavor,
  iam,
  identity,
  'image-check': imageCheck,
  'job-answer': jobAnswer,
  'job-calls': jobCalls,
  'job-search': jobSearch,
  log,
  'log-lines': logLines,
  metric,
  own,
  pool,
  quota,
  registry,
  storageConnection,
  report,
  tag,
  'training-job': trainingJob,
}

const pascal = (text: string): string =>
  text.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** Schemas worth a name of their own: what holds fields. Two files that export one name give it their own first. */
export function namedSchemas(): ReadonlyMap<string, z.ZodType> {
  const found = Object.entries(SCHEMA_FILES).flatMap(([file, exports]) =>
    Object.entries(exports).flatMap(([name, schema]) =>
      schema instanceof z.ZodType && isNameable(schema) && !name.endsWith('Query')
        ? [{ file, name, schema }]
        : [],
    ),
  )
  const isShared = (name: string): boolean => found.filter((other) => other.name === name).length > 1
  return new Map(
    found.map(({ file, name, schema }) => [`${isShared(name) ? pascal(file) : ''}${pascal(name)}`, schema]),
  )
}

/** Queries become parameters one by one, and enums are short enough to stand where they are used. */
const isNameable = (schema: z.ZodType): boolean =>
  schema instanceof z.ZodObject || schema instanceof z.ZodDiscriminatedUnion || schema instanceof z.ZodRecord
