// The launcher beside one that polls once a second (polling_launcher.py): the same table, the same ranks, the same clock.
// Alone: `node bench/launcher-peer.ts`. Ranks are static busybox; times of files are good to 4 ms.
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PATH, scratch, TestProcess, tableText, testRuntime } from '../container/launcher-fixture.ts'
import { median, ms, printTable, type Row } from './measure.ts'

const ROUNDS = 6
const BASELINE = ['/usr/bin/python3', join(import.meta.dirname, 'polling_launcher.py')]
const SH = '/bin/busybox'

type Place = { readonly at: (name: string) => string; readonly setTable: (text: string) => void }
type Launcher = {
  readonly argv: (place: Place) => readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** Runs `measure` in a place of its own, with `ranks` devices in the table. */
async function placed<T>(measure: (place: Place) => Promise<T>): Promise<T> {
  using folder = scratch()
  const at = (name: string): string => join(folder.dir, name)
  for (const name of ['config', 'home', 'mnt', 'log']) mkdirSync(at(name))
  const setTable = (text: string): void => {
    writeFileSync(at('table.new'), text)
    renameSync(at('table.new'), at('config/jobstart_hccl.json'))
  }
  return await measure({ at, setTable })
}

function start({ argv, env }: Launcher, place: Place, script: string): TestProcess {
  const { at } = place
  const places = { RANK_TABLE_FILE: at('config'), MA_HOME: at('home'), MA_MOUNT_PATH: at('mnt') }
  return new TestProcess([...argv(place), SH, 'sh', '-c', script], {
    ...{ PATH, ...places, BATCH_TASK_LOG_PATH: at('log'), MA_CURRENT_INSTANCE_NAME: 'p-0', ...env },
  })
}

const when = (path: string): number => statSync(path).mtimeMs
const ids = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

/** The table is complete → the first instruction of a rank. */
const tableToRank = (launcher: Launcher): Promise<number> =>
  placed(async (place) => {
    place.setTable('{"status":"initializing"}')
    await using process = start(launcher, place, `: > ${place.at('started')}`)
    // A poll falls anywhere in its second.
    await new Promise((resolve) => setTimeout(resolve, 1000 + Math.random() * 1000))
    const begin = Date.now()
    place.setTable(tableText({ 'p-0': [0] }))
    await process.ended
    return when(place.at('started')) - begin
  })

/** A rank dies → its peer has SIGTERM, and the peer has ended → the launcher has. */
const death = (launcher: Launcher): Promise<{ told: number; gone: number }> =>
  placed(async (place) => {
    const [up, told, dying] = ['up', 'told', 'dying'].map(place.at)
    const script = `if [ $RANK_ID = 0 ]; then until [ -e ${up} ]; do usleep 20000; done; usleep $((RANDOM * 30)); : > ${dying}; exit 1; fi
trap ': > ${told}; exit 0' TERM; : > ${up}; while :; do sleep 60 & wait; done`
    place.setTable(tableText({ 'p-0': [0, 1] }))
    await using process = start(launcher, place, script)
    await process.ended
    const gone = Date.now()
    return { told: when(told ?? '') - when(dying ?? ''), gone: gone - when(told ?? '') }
  })

/** The last rank has ended well → the launcher has. */
const lastToExit = (launcher: Launcher): Promise<number> =>
  placed(async (place) => {
    place.setTable(tableText({ 'p-0': ids(8) }))
    await using process = start(launcher, place, `usleep 300000; : > ${place.at('last')}`)
    await process.ended
    return Date.now() - when(place.at('last'))
  })

type Large = { readonly seconds: number; readonly megabytes: number; readonly logBytes: number }

/** 10,000 servers with eight devices: from the start of the launcher to its last rank, its memory, its log. */
const large = (launcher: Launcher): Promise<Large> =>
  placed(async (place) => {
    place.setTable(
      tableText(Object.fromEntries(ids(10_000).map((pod) => [`p-${pod}`, ids(8)])), 'completed', wide),
    )
    const begin = Date.now()
    const script = `: > ${place.at('r')}$RANK_ID; grep VmHWM /proc/$PPID/status > ${place.at('memory')}`
    await using process = start(launcher, place, script)
    const { output } = await process.ended
    const last = Math.max(...ids(8).map((rank) => when(`${place.at('r')}${rank}`)))
    const kilobytes = Number(/(\d+) kB/.exec(readFileSync(place.at('memory'), 'utf8'))?.[1])
    return { seconds: (last - begin) / 1000, megabytes: kilobytes / 1024, logBytes: output.length }
  })

/** Addresses for more servers than a fixture usually has. */
const wide = (pod: number, device: number): { serverId: string; deviceIp: string } => ({
  serverId: `10.${pod >> 16}.${(pod >> 8) & 255}.${pod & 255}`,
  deviceIp: `172.${16 + device}.${pod >> 8}.${pod & 255}`,
})

type Poured = { readonly rate: number; readonly lost: number; readonly megabytes: number }

const SLOW = `import sys, time
while sys.stdin.buffer.read(1 << 20): time.sleep(0.02)`

/**
 * Eight ranks pour lines from a file into their pipes, from the first of them to the end of the launcher: megabytes a second
 * that reach their own files, and the launcher's memory. Standard output goes nowhere, or to a reader of 50 MB/s.
 */
const pour = (launcher: Launcher, reader: 'none' | 'slow' = 'none'): Promise<Poured> =>
  placed(async (place) => {
    const line = `${'x'.repeat(99)}\n`
    const perRank = (reader === 'none' ? 128 : 32) << 20
    writeFileSync(place.at('lines'), line.repeat(perRank / line.length))
    const size = statSync(place.at('lines')).size
    place.setTable(tableText({ 'p-0': ids(8) }))
    const began = (rank: number | string) => place.at(`began${rank}`)
    const script = `: > ${began('$RANK_ID')}; cat ${place.at('lines')}; grep VmHWM /proc/$PPID/status > ${place.at('memory')}$RANK_ID`
    const run = reader === 'none' ? 'exec "$@" > /dev/null 2>&1' : `"$@" 2> /dev/null | python3 -c '${SLOW}'`
    const argv = () => ['sh', '-c', run, 'sh', ...launcher.argv(place)]
    await using process = start({ argv, env: launcher.env }, place, script)
    await process.ended
    const seconds = (Date.now() - Math.min(...ids(8).map((rank) => when(began(rank))))) / 1000
    const written = ids(8).map((rank) => statSync(logOf(place, rank)).size)
    const high = ids(8).map((rank) => readFileSync(place.at(`memory${rank}`), 'utf8'))
    return {
      rate: (8 * size) / 1e6 / seconds,
      lost: written.reduce((sum, bytes) => sum + size - bytes, 0),
      megabytes: Math.max(...high.map((text) => Number(/(\d+) kB/.exec(text)?.[1]))) / 1024,
    }
  })

function logOf({ at }: Place, rank: number): string {
  const ours = at(`log/job0-proc-rank-${rank}-device-${rank}.txt`)
  return statSync(ours, { throwIfNoEntry: false }) ? ours : at(`log/proc-rank-${rank}.txt`)
}

async function several<T>(
  measure: (launcher: Launcher) => Promise<T>,
  launcher: Launcher,
  rounds: number,
): Promise<T[]> {
  const values: T[] = []
  for (let round = 0; round < rounds; round++) values.push(await measure(launcher))
  return values
}

type Compared = {
  readonly what: string
  readonly aim: string
  readonly show: (value: number) => string
  readonly isMet: (value: number) => boolean
  /** More is better. */
  readonly isRate?: boolean
}

function row(
  { what, aim, show, isMet, isRate = false }: Compared,
  ours: readonly number[],
  peer: readonly number[],
): Row {
  const [own, theirs] = [median(ours), median(peer)]
  const difference = `× ${(isRate ? own / theirs : theirs / own).toFixed(1)}`
  return { what, ours: show(own), peer: `polling ${show(theirs)}`, difference, aim, met: isMet(own) }
}

const below = (what: string, limitMs: number): Compared => ({
  ...{ what, aim: `< ${limitMs} ms`, show: ms, isMet: (value: number) => value < limitMs },
})

/** Rows of the table; medians. */
export async function launcherPeer(): Promise<Row[]> {
  const runtime = await testRuntime()
  const env = { ROPEWAY_RUNTIME_DIR: runtime, BATCH_JOB_ID: 'job0', ROPEWAY_LOG_FILE_BYTES: String(2 ** 40) }
  const ours: Launcher = {
    argv: ({ at }) => [join(runtime, 'launcher'), 'ranks', '--log', at('log/train.log'), '--'],
    env,
  }
  const peer: Launcher = { argv: () => BASELINE, env: {} }
  const both = async <T>(
    measure: (launcher: Launcher) => Promise<T>,
    rounds: number,
  ): Promise<[T[], T[]]> => [await several(measure, ours, rounds), await several(measure, peer, rounds)]
  const table = await both(tableToRank, ROUNDS)
  const deaths = await both(death, ROUNDS)
  const last = await both(lastToExit, ROUNDS)
  const [large1, large2] = await both(large, 3)
  const [pour1, pour2] = await both((launcher) => pour(launcher), 1)
  const slow = await pour(ours, 'slow')
  const of = <T>(values: readonly T[], pick: (value: T) => number): number[] => values.map(pick)
  const lost = pour1[0]?.lost ?? Number.NaN
  return [
    row(below('table completed → first rank', 50), ...table),
    row(
      below('a rank dies → its peer has SIGTERM', 20),
      of(deaths[0], (d) => d.told),
      of(deaths[1], (d) => d.told),
    ),
    row(
      below('last child gone → launcher gone', 300),
      of(deaths[0], (d) => d.gone),
      of(deaths[1], (d) => d.gone),
    ),
    row(below('last rank ends well → launcher gone', 50), ...last),
    row(
      below('10,000 servers × 8: start → last rank', 1000),
      of(large1, (l) => l.seconds * 1000),
      of(large2, (l) => l.seconds * 1000),
    ),
    row(
      { what: '  its memory', aim: '< 120 MB', show: (mb) => `${mb.toFixed(0)} MB`, isMet: (mb) => mb < 120 },
      ...([of(large1, (l) => l.megabytes), of(large2, (l) => l.megabytes)] as const),
    ),
    row(
      { what: '  its log', aim: '< 10 kB', show: (kb) => `${kb.toFixed(1)} kB`, isMet: (kb) => kb < 10 },
      ...([of(large1, (l) => l.logBytes / 1000), of(large2, (l) => l.logBytes / 1000)] as const),
    ),
    row(
      {
        what: `8 ranks pour 1 GB into their files, ${lost} bytes lost`,
        aim: '≥ 300 MB/s, 0 lost',
        show: (rate) => `${rate.toFixed(0)} MB/s`,
        isMet: (rate) => rate >= 300 && lost === 0,
        isRate: true,
      },
      ...([of(pour1, (p) => p.rate), of(pour2, (p) => p.rate)] as const),
    ),
    {
      what: `  its memory when stdout is read at ${slow.rate.toFixed(0)} MB/s, ${slow.lost} bytes lost`,
      ours: `${slow.megabytes.toFixed(0)} MB`,
      peer: `read at once ${pour1[0]?.megabytes.toFixed(0)} MB`,
      difference: `${(slow.megabytes - (pour1[0]?.megabytes ?? 0)).toFixed(0)} MB`,
      aim: '< 120 MB, 0 lost',
      met: slow.megabytes < 120 && slow.lost === 0,
    },
  ]
}

if (import.meta.main) printTable(await launcherPeer())
