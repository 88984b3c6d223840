// Where the server is and who asks: flags, then the environment, then credentials.json of the data folder.
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { CliContext } from './context.ts'
import { CliError } from './errors.ts'

/** The flags every command that talks to a server has, as commander names them. */
export type ConnectionFlags = {
  readonly endpoint?: string
  readonly objectEndpoint?: string
  readonly accessKey?: string
  readonly secretKey?: string
  readonly projectId?: string
  readonly securityToken?: string
  readonly data?: string
  /** A credentials.json anywhere. */
  readonly configFile?: string
}

export type Settings = {
  readonly endpoint: string
  readonly objectEndpoint: string
  readonly accessKey: string
  readonly secretKey: string
  readonly projectId: string
}
type Field = keyof Settings
type Environment = Readonly<Record<string, string | undefined>>

/** Each setting's flag, variable and key in credentials.json. */
const SOURCES = {
  endpoint: ['--endpoint', 'ROPEWAY_ENDPOINT', 'endpoint'],
  objectEndpoint: ['--object-endpoint', 'ROPEWAY_OBJECT_ENDPOINT', 'object_endpoint'],
  accessKey: ['--access-key', 'ROPEWAY_ACCESS_KEY', 'access_key'],
  secretKey: ['--secret-key', 'ROPEWAY_SECRET_KEY', 'secret_key'],
  projectId: ['--project-id', 'ROPEWAY_PROJECT_ID', 'project_id'],
} as const satisfies Record<Field, readonly [flag: string, variable: string, key: string]>

const filled = (value: string | undefined): value is string => value !== undefined && value !== ''

/** The data folder: flag, ROPEWAY_DATA, $XDG_DATA_HOME/ropeway, ~/.local/share/ropeway. Absolute. */
export function dataDirectory(flags: ConnectionFlags, env: Environment, homeDir: string): string {
  const named = [flags.data, env['ROPEWAY_DATA']].find(filled)
  if (named !== undefined) return resolve(named)
  const shared = [env['XDG_DATA_HOME']].find(filled)
  return resolve(shared ?? join(homeDir, '.local', 'share'), 'ropeway')
}

/** The settings among `wanted` that flags and environment give. */
export function settingsFromFlags(
  flags: ConnectionFlags,
  env: Environment,
  wanted: readonly Field[],
): Partial<Settings> {
  const entries = wanted.map((name) => [name, [flags[name], env[SOURCES[name][1]]].find(filled)] as const)
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

/** Fills what is missing from the text of credentials.json; null when there is no such file. Throws CliError. */
export function completeSettings<F extends Field>(
  given: Partial<Settings>,
  wanted: readonly F[],
  file: { readonly path: string; readonly text: string | null },
): Pick<Settings, F> {
  const stored = file.text === null ? {} : readCredentials(file.path, file.text)
  const entries = wanted.map((name) => {
    const [flag, variable, key] = SOURCES[name]
    const value = given[name] ?? stored[key]
    if (!filled(value)) {
      const where = file.text === null ? `${file.path} does not exist` : `${file.path} has no ${key}`
      throw new CliError(
        `There is no ${key}: ${where}`,
        `Start "ropeway serve" on this machine, give ${flag} or set ${variable}.`,
      )
    }
    if (name === 'endpoint' || name === 'objectEndpoint') checkUrl(flag, value)
    return [name, value] as const
  })
  return Object.fromEntries(entries) as Pick<Settings, F>
}

/** What comes with a temporary access key; empty for a lasting one. */
export function securityTokenOf(
  flags: ConnectionFlags,
  env: Environment,
): { readonly securityToken?: string } {
  const token = [flags.securityToken, env['ROPEWAY_SECURITY_TOKEN']].find(filled)
  return token === undefined ? {} : { securityToken: token }
}

function readCredentials(path: string, text: string): Record<string, string | undefined> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  if (typeof value !== 'object' || value === null)
    throw new CliError(
      `${path} is not a JSON object`,
      'Start "ropeway serve" again: it writes the file anew.',
    )
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => typeof entry === 'string'))
}

function checkUrl(flag: string, value: string): void {
  const url = URL.parse(value)
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new CliError(
      `${flag} must be a URL, got ${JSON.stringify(value)}`,
      'Write http://127.0.0.1:8470, for example.',
    )
}

/** The settings a command needs. Reads credentials.json only for what is missing. Throws CliError. */
export async function loadSettings<F extends Field>(
  context: Pick<CliContext, 'env' | 'homeDir'>,
  flags: ConnectionFlags,
  wanted: readonly F[],
): Promise<Pick<Settings, F>> {
  // A file that was named wins over the environment.
  const given = settingsFromFlags(flags, flags.configFile === undefined ? context.env : {}, wanted)
  const path =
    flags.configFile === undefined
      ? join(dataDirectory(flags, context.env, context.homeDir), 'credentials.json')
      : resolve(flags.configFile)
  const complete = wanted.every((name) => given[name] !== undefined)
  return completeSettings(given, wanted, { path, text: complete ? null : await readOptional(path) })
}

async function readOptional(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return null
    throw new CliError(
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      'Run as the user that started "ropeway serve", or give the settings as flags.',
    )
  }
}
