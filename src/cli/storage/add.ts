// `ropeway storage add`: the secret key comes from the environment, a prompt or standard input, never from argv, which
// everybody can read.
import { readFile } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import { connect } from '../client.ts'
import { type CommonFlags, newCommand, withConnection, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { CliError, EXIT } from '../errors.ts'
import { write } from '../output.ts'
import { takeSecret } from '../secret.ts'
import { jsonDocument, visible } from '../terminal-text.ts'

type Flags = CommonFlags & {
  readonly bucket: readonly string[]
  readonly key?: string
  readonly secretStdin?: true
  readonly region?: string
  readonly dialect: 'auto' | 'v4' | 'v2' | 'obs'
  readonly addressing: 'auto' | 'path' | 'host'
  readonly caFile?: string
}

const EXAMPLE = [
  'ropeway storage add beijing https://obs.cn-north-4.myhuaweicloud.com --bucket team-data --key AK...',
  'ropeway storage add minio http://10.0.0.7:9000 --bucket a --bucket b --key minio --secret-stdin < secret',
  '',
  'Without --key, key and secret are those of OBS_ACCESS_KEY_ID and OBS_SECRET_ACCESS_KEY (with',
  'OBS_SECURITY_TOKEN for temporary ones), or of the AWS_… variables.',
].join('\n')

type Keys = { access_key: string; secret_key: string; session_token: string | null }

export function addCommand(context: CliContext): Command {
  const collect = (value: string, before: readonly string[] = []): string[] => [...before, value]
  const command = newCommand(context, 'add', 'say that buckets are in a store elsewhere', EXAMPLE)
    .argument('<name>', 'a name for the connection')
    .argument('<url>', "the store's endpoint")
    .requiredOption('--bucket <bucket>', 'a bucket that is there; may be repeated', collect)
    .option('--key <id>', 'access key of the store')
    .option('--secret-stdin', 'read the secret key from standard input')
    .option('--region <region>', 'region for the signature')
    .addOption(
      new Option('--dialect <dialect>', 'how requests are signed')
        .choices(['auto', 'v4', 'v2', 'obs'])
        .default('auto'),
    )
    .addOption(
      new Option('--addressing <style>', "where the bucket's name stands")
        .choices(['auto', 'path', 'host'])
        .default('auto'),
    )
    .option('--ca-file <file>', 'certificates to trust for this store (PEM)')
  return withConnection(withJson(command)).action(async (name: string, url: string, flags: Flags) => {
    const keys = await keysOf(context, name, flags)
    const ca = flags.caFile === undefined ? null : await readFile(flags.caFile, 'utf8')
    await using client = await connect(context, flags)
    const connection = await client.call(
      'putStorageConnection',
      {
        params: { connection: name },
        body: {
          ...{ endpoint: url, region: flags.region ?? null, buckets: [...flags.bucket], ca, ...keys },
          dialect: flags.dialect,
          addressing: flags.addressing,
        },
      },
      context.signal,
    )
    const buckets = connection.buckets.map((bucket) => `obs://${bucket}`).join(', ')
    const text = flags.json
      ? jsonDocument(connection)
      : `${visible(buckets)} is at ${visible(connection.endpoint)} from now on. Try it: ropeway storage test ${visible(name)}\n`
    await write(context.stdout, text, context.signal)
  })
}

async function keysOf(context: CliContext, name: string, flags: Flags): Promise<Keys> {
  const { env } = context
  const secret = (key: string) => {
    const question = `Secret key of ${visible(key)} at ${visible(name)}: `
    return takeSecret(context, flags.secretStdin === true, question, '--secret-stdin')
  }
  if (flags.key !== undefined)
    return { access_key: flags.key, secret_key: await secret(flags.key), session_token: null }
  for (const [key, secret, token] of VARIABLES) {
    const [access_key, secret_key] = [env[key], env[secret]]
    if (access_key && secret_key) return { access_key, secret_key, session_token: env[token] || null }
  }
  throw new CliError(
    'There are no keys for the store',
    'Give --key and type the secret key, or set OBS_ACCESS_KEY_ID and OBS_SECRET_ACCESS_KEY.',
    EXIT.usage,
  )
}

const VARIABLES = [
  ['OBS_ACCESS_KEY_ID', 'OBS_SECRET_ACCESS_KEY', 'OBS_SECURITY_TOKEN'],
  ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'],
] as const
