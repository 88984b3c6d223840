// A server that holds many objects, asked over HTTP as by everybody: node bench/objects/real-objects.ts [OBJECTS], default
// 200,000 of 1 KiB. Aim: a page of 1,000 in less than 20 ms more than a page of one takes.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { ObjectClient } from '../../src/storage/object-client.ts'
import { median, ms, times } from '../measure.ts'
import { cpuSeconds, megabytes } from '../process-usage.ts'
import { BUCKET, startOurs } from './peers.ts'

const count = Number(process.argv[2] ?? 200_000)
const CLIENTS = 16
const CALLS = 200
const keyOf = (at: number): string => `set/${Math.floor(at / 1000)}/sample-${String(at).padStart(9, '0')}`
const anywhere = (n: number): string => keyOf(Math.floor((n * count) / CALLS))

const dir = mkdtempSync(join(process.env['TMPDIR'] ?? tmpdir(), 'ropeway-bench-'))
try {
  await using store = await startOurs(join(dir, 'd'))
  await using client = new ObjectClient({ target: store })
  const size = (): string => `${megabytes(store.pid).toFixed(0)} MB`
  const timed = async (call: (n: number) => Promise<unknown>): Promise<string> => {
    const taken = await times(CALLS, call)
    return `median ${ms(median(taken))}, longest ${ms(Math.max(...taken))}`
  }
  const body = Buffer.alloc(1024, 'x')
  console.log(`empty server: ${size()}`)
  const [begun, cpu] = [performance.now(), cpuSeconds(store.pid)]
  let at = 0
  const put = async () => {
    while (at < count) await client.put(BUCKET, keyOf(at++), body)
  }
  await Promise.all(Array.from({ length: CLIENTS }, put))
  const seconds = (performance.now() - begun) / 1000
  const each = ((cpuSeconds(store.pid) - cpu) * 1000) / count
  console.log(
    `${count} puts: ${(count / seconds).toFixed(0)}/s, ${each.toFixed(2)} ms of processor each; ${size()}`,
  )
  const page = (pageSize: number) => (n: number) => client.listPage(BUCKET, { marker: anywhere(n), pageSize })
  console.log(`a page of 1: ${await timed(page(1))}`)
  console.log(`a page of 1,000: ${await timed(page(1000))}`)
  const ignored = { onFacts: () => undefined, onBytes: () => undefined }
  const read = (n: number) => client.get(BUCKET, anywhere(n), { small: true }, ignored)
  console.log(`an object: ${await timed(read)}`)
  console.log(`the server then: ${size()}`)
} finally {
  rmSync(dir, { recursive: true, force: true })
}
