// The digits example as its user meets it: real processes on loopback addresses, real digits, hand-written rank tables.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { convertDigits } from './convert.ts'

const TRAIN = join(import.meta.dirname, 'train.py')
const RANKS = 8

type Device = { device_id: string; device_ip: string; rank_id: string }
type Server = { server_id: string; device: Device[] }
type Table = { status: string; version: string; server_count: string; server_list: Server[] }
type Ended = { code: number | null; output: string; seconds: number }

let dir = ''
let portBase = 0
const children = new Set<ChildProcess>()

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'digits-'))
  await convertDigits(join(dir, 'data'))
  // A stretch of ports nobody listens on now; ranks of different tests never overlap in time.
  const probe = createServer().listen(0, '127.64.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  portBase = Math.min(typeof address === 'object' && address !== null ? address.port : 29500, 65000)
  probe.close()
  await once(probe, 'close')
})

after(async () => {
  for (const child of children) child.kill('SIGKILL')
  await rm(dir, { recursive: true, force: true })
})

/** Two servers with four devices each, as the converted table has them. */
function goodTable(): Table {
  return {
    status: 'completed',
    version: '1.0',
    server_count: '2',
    server_list: [0, 1].map((server) => ({
      server_id: `127.64.0.${server + 1}`,
      device: [0, 1, 2, 3].map((device) => ({
        device_id: `${device}`,
        device_ip: `192.168.100.${server * 4 + device + 1}`,
        rank_id: `${server * 4 + device}`,
      })),
    })),
  }
}

async function run(args: string[], env: Record<string, string>): Promise<Ended> {
  const started = performance.now()
  const child = spawn(
    '/usr/bin/python3',
    [TRAIN, `--data_url=${join(dir, 'data')}`, `--port_base=${portBase}`, ...args],
    {
      env: { PATH: '/usr/bin:/bin', PYTHONDONTWRITEBYTECODE: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  children.add(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  const [code] = (await once(child, 'close')) as [number | null]
  children.delete(child)
  return { code, output, seconds: (performance.now() - started) / 1000 }
}

/** Starts all ranks; `tableOf` gives the table each of them reads. */
async function runAll(
  name: string,
  tableOf: (rank: number) => Table,
  args: string[],
  more: Record<string, string> = {},
): Promise<Ended[]> {
  await mkdir(join(dir, name))
  return await Promise.all(
    Array.from({ length: RANKS }, async (_, rank) => {
      const file = join(dir, name, `rank-${rank}.json`)
      await writeFile(file, JSON.stringify(tableOf(rank)))
      const own = {
        RANK_ID: `${rank}`,
        RANK_SIZE: `${RANKS}`,
        ASCEND_DEVICE_ID: `${rank % 4}`,
        RANK_TABLE_FILE: file,
      }
      return await run(args, { ...own, ...more })
    }),
  )
}

const accuracyOf = (output: string): number => Number(/^accuracy: (\d\.\d{4})$/m.exec(output)?.[1] ?? 'NaN')

describe('training digits', { timeout: 120_000 }, () => {
  test('8 ranks reach 85 % on held-out digits and the same result as a single process', async () => {
    const out = join(dir, 'model')
    const ended = await runAll('good', goodTable, [`--train_url=${out}/`])
    assert.deepEqual(
      ended.map((rank) => rank.code),
      Array(RANKS).fill(0),
      ended.map((rank) => rank.output).join(''),
    )
    const first = ended[0]!.output
    assert.match(first, /^rank 0: epoch 1 loss \d\.\d{4} /m)
    assert.ok(first.endsWith(`model written to ${out}/\n`), first)
    assert.ok(accuracyOf(first) >= 0.85, first)
    assert.equal(ended.filter((rank) => rank.output.includes('accuracy')).length, 1)

    const alone = await run([`--train_url=${join(dir, 'alone')}`], {})
    assert.equal(alone.code, 0, alone.output)
    assert.ok(Math.abs(accuracyOf(alone.output) - accuracyOf(first)) <= 0.01, `${alone.output}\n${first}`)

    const [model, reference] = await Promise.all(
      [out, join(dir, 'alone')].map(
        async (folder) =>
          JSON.parse(await readFile(join(folder, 'model.json'), 'utf8')) as { weights: number[][] },
      ),
    )
    model!.weights.flat().forEach((weight, index) => {
      assert.ok(Math.abs(weight - reference!.weights.flat()[index]!) < 1e-6, `weight ${index}`)
    })
    const metrics = JSON.parse(await readFile(join(out, 'metrics.json'), 'utf8')) as {
      ranks: number
      train_count: number
    }
    assert.deepEqual([metrics.ranks, metrics.train_count], [RANKS, 8504])
  })

  const sabotage: {
    title: string
    tableOf: (rank: number) => Table
    says: RegExp
    env?: Record<string, string>
  }[] = [
    {
      title: 'two entries of one server swapped in every table',
      tableOf: () => edited((table) => swapDevices(table, [0, 2], [0, 3])),
      says: /^rank 3: rank table: .*rank 2 .*rank 3 .*cannot be logical devices/m,
    },
    {
      title: 'two entries of different servers swapped in every table',
      tableOf: () => edited((table) => swapRows(table, [0, 3], [1, 0])),
      says: /^rank 3: rank table: .*rank 3 \(server 127\.64\.0\.2/m,
    },
    {
      title: 'two entries swapped in the table of one rank',
      tableOf: (rank) => (rank === 5 ? edited((table) => swapDevices(table, [0, 0], [0, 1])) : goodTable()),
      says: /the rank table of rank 5 differs/,
    },
    {
      title: 'whole entries exchanged, rank ids out of order',
      tableOf: () => edited((table) => table.server_list[1]!.device.reverse()),
      says: /^rank \d: rank table: rank 6 comes after rank 7/m,
    },
    {
      title: 'one entry removed from every table',
      tableOf: () => edited((table) => table.server_list[1]!.device.splice(1, 1)),
      says: /^rank 5: rank table: rank 5 is missing/m,
    },
    {
      title: 'the last entry removed from the table of one rank',
      tableOf: (rank) => (rank === 2 ? edited((table) => table.server_list[1]!.device.pop()) : goodTable()),
      says: /^rank 2: rank table: rank 7 is missing/m,
    },
    {
      title: 'one server_id changed to a foreign address in every table',
      tableOf: () => edited((table) => (table.server_list[1]!.server_id = '203.0.113.7')),
      says: /^rank 4: cannot listen on 203\.0\.113\.7:\d+ as rank 4 .*Cannot assign requested address/m,
    },
    {
      title: 'one server_id changed to an address where nobody listens, in the table of one rank',
      tableOf: (rank) =>
        rank === 3 ? edited((table) => (table.server_list[1]!.server_id = '127.64.0.9')) : goodTable(),
      says: /^rank 3: cannot connect to rank 4 .* at 127\.64\.0\.9:\d+ within 2 s: Connection refused/m,
    },
    {
      title: 'one server_id changed to another address of this machine in every table',
      tableOf: () => edited((table) => (table.server_list[0]!.server_id = '127.64.0.9')),
      env: { MA_CURRENT_HOST_IP: '127.64.0.1' },
      says: /^rank 0: rank table: rank 0 \(server 127\.64\.0\.9, device 0\), but this host is 127\.64\.0\.1/m,
    },
  ]
  for (const { title, tableOf, says, env } of sabotage)
    test(`with ${title} the job fails and names the rank`, async () => {
      const name = title.replaceAll(/\W+/g, '-')
      const ended = await runAll(name, tableOf, ['--epochs=1', '--limit=256', '--connect_timeout=2'], env)
      const output = ended.map((rank) => rank.output).join('')
      assert.ok(
        ended.some((rank) => rank.code !== 0),
        output,
      )
      assert.match(output, says)
      assert.doesNotMatch(output, /accuracy|Traceback/)
      for (const rank of ended) assert.ok(rank.seconds < 15, `${rank.seconds} s`)
    })

  test('a port that somebody else holds is named with its rank', async () => {
    const squatter = createServer().listen(portBase + 2, '127.64.0.1')
    await once(squatter, 'listening')
    try {
      const ended = await runAll('squatter', goodTable, ['--limit=256', '--epochs=1', '--connect_timeout=2'])
      assert.match(ended[2]!.output, /^rank 2: cannot listen on 127\.64\.0\.1:\d+ .*Address already in use/m)
      assert.ok(ended.every((rank) => rank.code === 1))
    } finally {
      squatter.close()
    }
  })

  const alone: { title: string; env: Record<string, string>; args?: string[]; says: RegExp }[] = [
    {
      title: 'no RANK_ID beside a table',
      env: { RANK_TABLE_FILE: '/nowhere' },
      says: /^rank \?: RANK_ID is ''/,
    },
    {
      title: 'a table that is not there',
      env: { RANK_TABLE_FILE: '/nowhere', RANK_ID: '1' },
      says: /^rank 1: rank table \/nowhere cannot be used/,
    },
    {
      title: 'no data',
      env: {},
      args: ['--data_url=/nowhere'],
      says: /^rank 0: \/nowhere\/train\.bin: No such file/,
    },
  ]
  for (const { title, env, args, says } of alone)
    test(`${title} ends with a sentence and code 1`, async () => {
      const ended = await run(args ?? [], env)
      assert.equal(ended.code, 1)
      assert.match(ended.output, says)
      assert.doesNotMatch(ended.output, /Traceback/)
    })

  test('a device other than the one that was given is named', async () => {
    const file = join(dir, 'given.json')
    await writeFile(file, JSON.stringify(goodTable()))
    const ended = await run([], {
      RANK_TABLE_FILE: file,
      RANK_ID: '6',
      RANK_SIZE: '8',
      ROPEWAY_PHYSICAL_DEVICE_ID: '3',
    })
    assert.equal(ended.code, 1)
    assert.match(
      ended.output,
      /^rank 6: rank table: rank 6 \(server 127\.64\.0\.2, device 2\), .*given device 3/,
    )
  })

  test('converting again gives the same bytes', async () => {
    const counts = await convertDigits(join(dir, 'again'))
    assert.deepEqual(counts, { train: 8504, test: 1496 })
    for (const name of ['train.bin', 'test.bin']) {
      const [one, two] = await Promise.all(
        [join(dir, 'data'), join(dir, 'again')].map((folder) => readFile(join(folder, name))),
      )
      assert.ok(one!.equals(two!))
    }
    assert.equal((await stat(join(dir, 'again', 'train.bin'))).size, 8504 * 785)
  })
})

function edited(change: (table: Table) => unknown): Table {
  const table = goodTable()
  change(table)
  return table
}

type Place = [server: number, row: number]

/** The two ranks get each other's device on the same server. */
function swapDevices(table: Table, a: Place, b: Place): void {
  const [one, two] = [table.server_list[a[0]]!.device[a[1]]!, table.server_list[b[0]]!.device[b[1]]!]
  ;[one.device_id, two.device_id] = [two.device_id, one.device_id]
  ;[one.device_ip, two.device_ip] = [two.device_ip, one.device_ip]
}

/** The two ranks change places, servers included; rows stay in the order of their ranks. */
function swapRows(table: Table, a: Place, b: Place): void {
  const [one, two] = [table.server_list[a[0]]!.device[a[1]]!, table.server_list[b[0]]!.device[b[1]]!]
  ;[one.rank_id, two.rank_id] = [two.rank_id, one.rank_id]
}
