// Submit → first line of the user's process, beside plain bwrap running the same command. Aim: < 300 ms on top, median of 20.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { body, Ropeway } from '../test/e2e/harness.ts'
import { median, ms, type Row } from './measure.ts'

const ROUNDS = 20
const SANDBOX = [
  '--ro-bind',
  '/usr',
  '/usr',
  '--symlink',
  'usr/bin',
  '/bin',
  '--symlink',
  'usr/lib',
  '/lib',
  '--symlink',
  'usr/lib64',
  '/lib64',
  '--proc',
  '/proc',
  '--dev',
  '/dev',
  '--unshare-pid',
  '--unshare-uts',
  '--unshare-ipc',
]

/** Milliseconds until a plain sandbox prints the time at which its process ran. */
async function plain(): Promise<number> {
  const begin = Date.now()
  const child = spawn('bwrap', [...SANDBOX, 'date', '+%s%N'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
  })
  await once(child, 'close')
  return Number(BigInt(text.trim()) / 1000n) / 1000 - begin
}

/** Milliseconds until a job's process ran, by its own clock. */
async function submitted(ropeway: Ropeway, round: number): Promise<number> {
  const begin = Date.now()
  const { metadata } = await ropeway.client.create(body(`bench-${round}`, 'date +%s%N'))
  const { logs } = await ropeway.follow(metadata.id)
  const stamp = /^\d{19}$/m.exec(logs['worker-0'] ?? '')?.[0]
  if (!stamp) throw new Error(`the job printed no time: ${JSON.stringify(logs)}`)
  return Number(BigInt(stamp) / 1000n) / 1000 - begin
}

export async function submitToFirstLine(): Promise<Row[]> {
  await using ropeway = await Ropeway.start({ simulate: '1x1' })
  for (let warm = 0; warm < 3; warm++) await submitted(ropeway, -1 - warm)
  const ours: number[] = []
  const peer: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    peer.push(await plain())
    ours.push(await submitted(ropeway, round))
  }
  const over = median(ours) - median(peer)
  return [
    {
      what: 'submit → first line',
      ours: ms(median(ours)),
      peer: `bwrap ${ms(median(peer))}`,
      difference: `+${ms(over)}`,
      aim: '< 300 ms',
      met: over < 300,
    },
  ]
}
