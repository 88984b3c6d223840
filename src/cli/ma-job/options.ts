// The options of `ma-cli ma-job submit` (modelarts.md §7.1): their names, what each holds, and how it is written on the
// command line and in a YAML file, whose keys are the same names.
import { parseDocument } from 'yaml'
import { nearestName } from '../../lib/nearest-name.ts'
import { CliError } from '../errors.ts'

/** `channels`: names with object paths. `pairs`: names with values. `list`: taken over as it is. */
export type OptionKind = 'text' | 'count' | 'channels' | 'pairs' | 'list'

export const SUBMIT_OPTIONS = {
  name: ['text', 'name of the job (default: a new one)'],
  description: ['text', 'description'],
  'image-url': ['text', 'custom image'],
  uid: ['text', 'user id in the custom image'],
  'working-dir': ['text', 'working directory of the command'],
  'local-code-dir': ['text', 'where the code is put in the container'],
  'user-command': ['text', 'command for the custom image'],
  'pool-id': ['text', 'resource pool'],
  'train-instance-type': ['text', 'flavor, from get-flavor'],
  'train-instance-count': ['count', 'number of workers (default: 1)'],
  'data-url': ['text', 'OBS folder with the data, given to the program as --data_url'],
  'log-url': ['text', 'OBS folder for logs'],
  'code-dir': ['text', 'OBS folder with the code'],
  'boot-file': ['text', 'Python file to start, relative to the code folder'],
  'framework-type': ['text', 'preset engine, from get-engine'],
  'framework-version': ['text', 'version of the preset engine'],
  output: ['channels', 'results: NAME=obs://…/ (may be repeated)'],
  input: ['channels', 'data: NAME=obs://…/ (may be repeated)'],
  'env-variables': ['pairs', 'environment: NAME=VALUE (may be repeated)'],
  parameters: ['pairs', 'hyper-parameters: NAME=VALUE (may be repeated)'],
  'workspace-id': ['text', 'workspace (default: 0)'],
  policy: ['text', 'regular, economic, turbo or auto'],
  volumes: ['list', 'volumes, as YAML or JSON'],
} as const satisfies Record<string, readonly [OptionKind, string]>

export type OptionName = keyof typeof SUBMIT_OPTIONS
export type Pair = { readonly name: string; readonly value: string }
export type Channel = Pair & { readonly localDir?: string; readonly accessMethod?: string }
/** What was given of each option, whichever way. */
export type SubmitValues = {
  readonly [name in OptionName]?: (typeof SUBMIT_OPTIONS)[name][0] extends 'channels'
    ? readonly Channel[]
    : (typeof SUBMIT_OPTIONS)[name][0] extends 'pairs'
      ? readonly Pair[]
      : (typeof SUBMIT_OPTIONS)[name][0] extends 'list'
        ? readonly unknown[]
        : (typeof SUBMIT_OPTIONS)[name][0] extends 'count'
          ? number
          : string
}

export const OPTION_NAMES = Object.keys(SUBMIT_OPTIONS) as OptionName[]
const isOption = (name: string): name is OptionName => Object.hasOwn(SUBMIT_OPTIONS, name)

type Fields = { readonly [key: string]: unknown }
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Files write `train_instance_type` as well as `train-instance-type`. */
const dashed = (key: string): string => key.replaceAll('_', '-')

/** Could a file be one of these? None of ModelArts' create body has a key of theirs. */
export const isSubmitFile = (document: Fields): boolean =>
  !['metadata', 'algorithm', 'spec', 'kind'].some((key) => key in document) &&
  Object.keys(document).some((key) => isOption(dashed(key)))

/** Reads a file's keys. `path` is for messages. Throws CliError naming the key, or the nearest one. */
export function valuesOfFile(path: string, document: Fields): SubmitValues {
  const entries = Object.entries(document).flatMap(([key, value]) => {
    const name = dashed(key)
    if (!isOption(name))
      throw new CliError(
        `${path}: unknown key ${JSON.stringify(key)}`,
        `Did you mean ${JSON.stringify(nearestName(name, OPTION_NAMES) ?? '')}? Known: ${OPTION_NAMES.join(', ')}.`,
      )
    return value === null || value === undefined ? [] : [[name, readValue(`${path}: ${key}`, name, value)]]
  })
  return Object.fromEntries(entries) as SubmitValues
}

/** Reads one option as typed; repeated ones add up. Throws CliError. */
export function valueOfFlag(name: OptionName, text: string, before: unknown): unknown {
  const [kind] = SUBMIT_OPTIONS[name]
  if (kind === 'text' || kind === 'count') return readValue(`--${name}`, name, text)
  const value = readValue(`--${name}`, name, /^\s*[[{]/.test(text) ? parsed(`--${name}`, text) : [text])
  return [...(Array.isArray(before) ? before : []), ...(value as unknown[])]
}

function parsed(where: string, text: string): unknown {
  const document = parseDocument(text)
  if (document.errors.length > 0)
    throw new CliError(
      `${where} is neither YAML nor JSON: ${document.errors[0]?.message.split('\n')[0]}`,
      'Write NAME=VALUE, or a list in brackets.',
    )
  return document.toJS({ maxAliasCount: 100 }) as unknown
}

function readValue(where: string, name: OptionName, value: unknown): unknown {
  const [kind] = SUBMIT_OPTIONS[name]
  if (kind === 'count') return countOf(where, value)
  if (kind === 'text') return textOf(where, value)
  const list = isFields(value) ? entriesOf(value) : value
  if (!Array.isArray(list)) throw wrong(where, value, 'a list')
  if (kind === 'list') return list
  return list.flatMap((entry) => entriesOfOne(where, entry, kind === 'channels'))
}

/** `{name: …, obs_path: …}` is one entry; any other mapping is one entry for each of its keys. */
const entriesOf = (value: Fields): unknown[] =>
  'name' in value ? [value] : Object.entries(value).map(([name, inner]) => ({ [name]: inner }))

function entriesOfOne(where: string, entry: unknown, isChannel: boolean): (Pair | Channel)[] {
  if (typeof entry === 'string') {
    const at = entry.indexOf('=')
    if (at < 1) throw wrong(where, entry, 'NAME=VALUE')
    return [{ name: entry.slice(0, at), value: entry.slice(at + 1) }]
  }
  if (!isFields(entry)) throw wrong(where, entry, 'NAME=VALUE, or a mapping')
  if (typeof entry['name'] !== 'string')
    return Object.entries(entry).map(([name, value]) => ({
      name,
      value: textOf(`${where}.${name}`, value ?? ''),
    }))
  const { name, local_dir: localDir, access_method: accessMethod } = entry
  const value = isChannel ? (entry['obs_path'] ?? entry['obs_url']) : entry['value']
  return [
    {
      name,
      value: textOf(
        `${where}.${name}${isChannel ? '.obs_path' : '.value'}`,
        value ?? (isChannel ? undefined : ''),
      ),
      ...(typeof localDir === 'string' ? { localDir } : {}),
      ...(typeof accessMethod === 'string' ? { accessMethod } : {}),
    },
  ]
}

function textOf(where: string, value: unknown): string {
  if (['string', 'number', 'boolean'].includes(typeof value)) return String(value)
  throw wrong(where, value, 'a text')
}

function countOf(where: string, value: unknown): number {
  if (/^[1-9]\d{0,8}$/.test(String(value))) return Number(value)
  throw wrong(where, value, 'a whole number of at least 1')
}

const wrong = (where: string, got: unknown, valid: string): CliError =>
  new CliError(
    `${where}: got ${JSON.stringify(got) ?? 'nothing'}; valid: ${valid}`,
    'ropeway ma-job submit --help',
  )
