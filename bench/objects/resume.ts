// What a kill in the middle of a transfer costs: bytes that pass twice. `node bench/objects/resume.ts [MIB]`, default
// 2048. A proxy on loopback counts; the client is killed once about half has passed. Aim: < 5 % of the bytes again.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { ROOT } from '../../test/e2e/harness.ts'
import { makeFiles } from './files.ts'
import { BUCKET, type Store, startOurs } from './peers.ts'

const MIB = 1024 ** 2
const total = Number(process.argv[2] ?? 2048) * MIB
const dir = mkdtempSync(join(process.env['TMPDIR'] ?? tmpdir(), 'ropeway-bench-'))

/** A way to the store that counts the bytes of both directions. */
async function counting(store: Store) {
  const { hostname, port } = new URL(store.endpoint)
  const passed = { bytes: 0 }
  const server = createServer((incoming) => {
    const onward = connect({ host: hostname, port: Number(port) })
    for (const [from, to] of [
      [incoming, onward],
      [onward, incoming],
    ] as const) {
      from.on('error', () => to.destroy())
      from.on('data', (piece: Buffer) => {
        passed.bytes += piece.length
      })
      from.pipe(to)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return { passed, server, endpoint: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}` }
}

async function measure(store: Store, direction: 'up' | 'down', from: string, to: string): Promise<void> {
  const way = await counting(store)
  const env = {
    ...process.env,
    ROPEWAY_OBJECT_ENDPOINT: way.endpoint,
    ROPEWAY_ACCESS_KEY: store.accessKey,
    ROPEWAY_SECRET_KEY: store.secretKey,
    ROPEWAY_DATA: dir,
  }
  const start = () =>
    spawn(process.execPath, [join(ROOT, 'bin/ropeway.js'), 'obs', 'cp', from, to], { env, stdio: 'inherit' })
  const first = start()
  const watch = setInterval(() => {
    if (way.passed.bytes > total / 2) first.kill('SIGKILL')
  }, 5)
  await once(first, 'exit')
  clearInterval(watch)
  const before = way.passed.bytes
  await once(start(), 'exit')
  const again = way.passed.bytes - total
  console.log(
    `${direction} ${total / MIB} MiB: killed after ${Math.round(before / MIB)} MiB, ${(again / MIB).toFixed(1)} MiB passed twice (${((again * 100) / total).toFixed(1)} %)`,
  )
  way.server.close()
}

try {
  await using store = await startOurs(join(dir, 'd'))
  const source = makeFiles(join(dir, 'source'), 1, total)
  await measure(store, 'up', source, `obs://${BUCKET}/file`)
  await measure(store, 'down', `obs://${BUCKET}/file`, join(dir, 'dest'))
} finally {
  rmSync(dir, { recursive: true, force: true })
}
