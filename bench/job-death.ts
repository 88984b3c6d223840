// A rank dies → the ranks of the job's other task have SIGTERM, through their launchers and the server. Alone:
// `node bench/job-death.ts`.
import { body, Ropeway } from '../test/e2e/harness.ts'
import { median, ms, printTable, type Row } from './measure.ts'

const ROUNDS = 10

/** Rank 0 dies a while after it started, so that the other task is up; the others tell when they were told. */
const PROGRAM = `import os, random, signal, sys, time
def told(*_):
    print("own told", time.time(), flush=True)
    os._exit(0)
signal.signal(signal.SIGTERM, told)
if os.environ["RANK_ID"] == "0":
    time.sleep(2 + random.random() / 2)
    print("own failing", time.time(), flush=True)
    os._exit(7)
time.sleep(60)`

async function death(ropeway: Ropeway, round: number): Promise<number> {
  const wish = { flavor: 'ropeway.ascend-910a.2', nodes: 2 }
  const command = `/opt/ropeway/launcher ranks -- python3 -c '${PROGRAM}'`
  const { metadata } = await ropeway.client.create(body(`death-${round}`, command, wish))
  const { logs } = await ropeway.follow(metadata.id)
  const failing = times(logs['worker-0'], 'failing')
  const told = times(logs['worker-1'], 'told')
  if (failing.length !== 1 || told.length !== 2)
    throw new Error(`not all ranks told a time: ${JSON.stringify(logs)}`)
  return Math.max(...told) - (failing[0] ?? Number.NaN)
}

const times = (log = '', word: string): number[] =>
  [...log.matchAll(new RegExp(`^own ${word} ([\\d.]+)$`, 'gm'))].map(([, time]) => Number(time) * 1000)

/** Rows of the table; the last of the other task's ranks counts. */
export async function jobDeath(): Promise<Row[]> {
  await using ropeway = await Ropeway.start({ simulate: '1x4' })
  await death(ropeway, 0)
  const values: number[] = []
  for (let round = 1; round <= ROUNDS; round++) values.push(await death(ropeway, round))
  const ours = median(values)
  return [
    {
      what: `a rank dies → ranks of the other tasks have SIGTERM, through the server (worst ${ms(Math.max(...values))})`,
      ours: ms(ours),
      peer: '-',
      difference: '-',
      aim: '< 100 ms',
      met: ours < 100,
    },
  ]
}

if (import.meta.main) printTable(await jobDeath())
