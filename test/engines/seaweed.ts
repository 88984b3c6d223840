// SeaweedFS as an S3 store, in a network of its own: its ports are fixed, and some of them follow from others.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EndpointTarget } from '../../src/storage/object-target.ts'
import { ROOT } from '../e2e/harness.ts'
import { untilStores } from './until-stores.ts'

const WEED = join(ROOT, '.cache/python-long/bin/weed')
const KEYS = { accessKey: 'AKTEST', secretKey: 'SKTEST' }

export type TestStore = AsyncDisposable & { readonly target: EndpointTarget }

/** Starts it and waits until it stores. */
export async function startSeaweed(): Promise<TestStore> {
  const dir = mkdtempSync(join(tmpdir(), 'rw-weed-'))
  mkdirSync(join(dir, 'data'))
  const actions = ['Admin', 'Read', 'Write', 'List', 'Tagging']
  writeFileSync(
    join(dir, 's3.json'),
    JSON.stringify({ identities: [{ name: 'test', credentials: [KEYS], actions }] }),
  )
  const socket = join(dir, 's3.sock')
  const weed = [
    WEED,
    'server',
    `-dir=${dir}/data`,
    '-ip=127.0.0.1',
    '-s3',
    '-s3.port=8333',
    `-s3.config=${dir}/s3.json`,
  ]
  const more = ['-volume.max=20', '-master.telemetry=false', `-s3.localSocket=${socket}`]
  const script = `ip link set lo up\nexec ${[...weed, ...more].join(' ')}`
  const server: ChildProcess = spawn('unshare', ['--net', 'bash', '-euc', script], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: dir },
  })
  let log = ''
  server.stderr?.on('data', (text: Buffer) => {
    log = `${log}${text}`.slice(-4000)
  })
  const door = await doorTo(socket)
  const target: EndpointTarget = { endpoint: door.endpoint, ...KEYS }
  await untilStores('SeaweedFS', target, { check: () => assert.equal(server.exitCode, null, log) })
  return {
    target,
    async [Symbol.asyncDispose]() {
      door.server.close()
      const ended = once(server, 'exit')
      server.kill('SIGKILL')
      await ended
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** A port of this network that leads to a socket of the file system. */
async function doorTo(socket: string): Promise<{ endpoint: string; server: Server }> {
  const server = createServer((incoming) => {
    const onward = createConnection(socket)
    incoming.on('error', () => onward.destroy())
    onward.on('error', () => incoming.destroy())
    incoming.pipe(onward).pipe(incoming)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return { endpoint: `http://127.0.0.1:${address.port}`, server }
}
