// A client for the object store that flags, environment or data folder name. It may be any store, not only a Ropeway
// server's: then region, dialect, addressing and authority are settings too.
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import type { ObjectClient } from '../../storage/object-client.ts'
import type { Addressing, Dialect, EndpointTarget } from '../../storage/object-target.ts'
import { withConnection } from '../command.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { type ConnectionFlags, loadSettings, securityTokenOf } from '../settings.ts'

/** The flags that say how to speak to the store, as commander names them. */
export type ObjectFlags = ConnectionFlags & {
  readonly objectRegion?: string
  readonly objectDialect?: string
  readonly objectAddressing?: string
  readonly objectCa?: string
}

/** What is taken for a dialect, and what it means: S3 is spoken with V4 wherever it is spoken. */
const DIALECT_WORDS: Readonly<Record<string, Dialect>> = {
  auto: 'auto',
  s3: 'v4',
  obs: 'obs',
  v4: 'v4',
  v2: 'v2',
}
const ADDRESSING_WORDS: Readonly<Record<string, Addressing>> = { auto: 'auto', path: 'path', host: 'host' }

/** Adds the flags of every command that talks to an object store. */
export function withObjects(command: Command): Command {
  return withConnection(command)
    .option('--object-region <region>', 'region in the signature (ROPEWAY_OBJECT_REGION)')
    .option('--object-dialect <dialect>', 'auto, s3, obs, v4 or v2 (ROPEWAY_OBJECT_DIALECT)')
    .option(
      '--object-addressing <style>',
      "the bucket's name: auto, path or host (ROPEWAY_OBJECT_ADDRESSING)",
    )
    .option('--object-ca <file>', "certificates to trust instead of the system's, PEM (ROPEWAY_OBJECT_CA)")
}

type Source = readonly [value: string | undefined, from: string]

function wordOf<T extends string>([value, from]: Source, words: Readonly<Record<string, T>>): T | undefined {
  if (value === undefined) return undefined
  if (Object.hasOwn(words, value)) return words[value]
  const known = Object.keys(words).join(', ')
  throw new CliError(`${from} cannot be ${JSON.stringify(value)}`, `Write one of ${known}.`)
}

async function textOf([path, from]: Source): Promise<string | undefined> {
  if (path === undefined) return undefined
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new CliError(`The certificates that ${from} names cannot be read: ${why}`, 'Name a PEM file.')
  }
}

/** How to speak to the store. Throws CliError. */
export async function dialectSettings(
  flags: ObjectFlags,
  env: CliContext['env'],
): Promise<Pick<EndpointTarget, 'region' | 'dialect' | 'addressing' | 'ca'>> {
  const source = (flag: string | undefined, name: string): Source => {
    const variable = `ROPEWAY_OBJECT_${name.toUpperCase()}`
    if (flag !== undefined && flag !== '') return [flag, `--object-${name}`]
    // A credentials.json that was named wins over the environment, here too.
    return [flags.configFile === undefined ? env[variable] || undefined : undefined, variable]
  }
  return {
    region: source(flags.objectRegion, 'region')[0],
    dialect: wordOf(source(flags.objectDialect, 'dialect'), DIALECT_WORDS),
    addressing: wordOf(source(flags.objectAddressing, 'addressing'), ADDRESSING_WORDS),
    ca: await textOf(source(flags.objectCa, 'ca')),
  }
}

/** Connects; dispose it when done. Throws CliError when a setting is missing or wrong. */
export async function connectObjects(context: CliContext, flags: ObjectFlags): Promise<ObjectClient> {
  const settings = await loadSettings(context, flags, ['objectEndpoint', 'accessKey', 'secretKey'])
  const spoken = await dialectSettings(flags, context.env)
  const { ObjectClient } = await import('../../storage/object-client.ts')
  const { objectEndpoint: endpoint, accessKey, secretKey } = settings
  const { securityToken: sessionToken } = securityTokenOf(flags, context.env)
  return new ObjectClient({ target: { endpoint, accessKey, secretKey, sessionToken, ...spoken } })
}
