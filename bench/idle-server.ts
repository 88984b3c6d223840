// An idle server: memory and CPU over 60 s, then the same with 200 queued jobs. Aims: < 150 MB, ≤ 0.5 %; ≤ 1 % and ≤ 45 MB more.
// The peer is the bare runtime: Node with an empty HTTP server.
import { spawn } from 'node:child_process'
import process from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'
import { body, Ropeway } from '../test/e2e/harness.ts'
import type { Row } from './measure.ts'
import { cpuSeconds, megabytes } from './process-usage.ts'

const SECONDS = Number(process.env['BENCH_IDLE_SECONDS'] ?? 60)
const QUEUED = 200

type Usage = { megabytes: number; percent: number }

async function watch(pid: number): Promise<Usage> {
  const before = cpuSeconds(pid)
  await wait(SECONDS * 1000)
  return { megabytes: megabytes(pid), percent: ((cpuSeconds(pid) - before) / SECONDS) * 100 }
}

async function bareNode(): Promise<Usage> {
  const child = spawn(
    process.execPath,
    ['-e', "require('node:http').createServer(() => {}).listen(0, '127.0.0.1')"],
    { stdio: 'ignore' },
  )
  await wait(500)
  const usage = { megabytes: megabytes(child.pid ?? 0), percent: 0 }
  child.kill()
  return usage
}

const show = ({ megabytes: size, percent }: Usage): string => `${size.toFixed(0)} MB, ${percent.toFixed(2)} %`

export async function idleServer(): Promise<Row[]> {
  const bare = await bareNode()
  await using ropeway = await Ropeway.start({ backend: 'fake', simulate: '1x8' })
  await wait(2000)
  const idle = await watch(ropeway.pid)
  const annotations = { 'ropeway/fake': '{"tasks":{"*":{"runMs":null}}}' }
  for (let i = 0; i <= QUEUED; i++)
    await ropeway.client.create(body(`q-${i}`, 'true', { flavor: 'ropeway.ascend-910a.8', annotations }))
  await wait(2000)
  const queued = await watch(ropeway.pid)
  const more = queued.megabytes - idle.megabytes
  const peer = `bare node ${bare.megabytes.toFixed(0)} MB`
  return [
    {
      what: `idle server, ${SECONDS} s`,
      ours: show(idle),
      peer,
      difference: `+${(idle.megabytes - bare.megabytes).toFixed(0)} MB`,
      aim: '< 150 MB, ≤ 0.5 %',
      met: idle.megabytes < 150 && idle.percent <= 0.5,
    },
    {
      what: `with ${QUEUED} queued jobs`,
      ours: show(queued),
      peer: `idle ${show(idle)}`,
      difference: `${more >= 0 ? '+' : ''}${more.toFixed(0)} MB`,
      aim: '≤ 1 %, ≤ 45 MB more',
      met: queued.percent <= 1 && more <= 45,
    },
  ]
}
