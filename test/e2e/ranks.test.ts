// Ranks of several tasks under one server: the table they get, which ranks each starts, and how one failure ends them all.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { body, Ropeway } from './harness.ts'

const RANKS = '/opt/ropeway/launcher ranks -- python3 -c'
const FLAVOR = 'ropeway.ascend-910a.2'
const PRINT = `import os, json
table = json.load(open(os.environ["RANK_TABLE_FILE"]))
print("own", os.environ["RANK_ID"], os.environ["RANK_SIZE"], os.environ["DEVICE_ID"], table["version"])`

/** Tells all ranks when as many as that are up, so that none dies before it can hear a signal. */
async function allUp(count: number): Promise<AsyncDisposable & { readonly port: number }> {
  const up: Socket[] = []
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    if (up.push(socket) === count) for (const one of up) one.write('.')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    for (const socket of up) socket.destroy()
    server.close()
  }
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: close }
}

describe('tasks with ranks', () => {
  let ropeway: Ropeway
  before(async () => {
    ropeway = await Ropeway.start({ simulate: '1x4' })
  })
  after(() => ropeway[Symbol.asyncDispose]())

  const ownLines = (log = ''): string[] =>
    log
      .split('\n')
      .filter((line) => line.startsWith('own '))
      .sort()

  for (const form of ['0.1', '1.0'])
    it(`two tasks on one host start their own ranks, with a table in the form ${form}`, async () => {
      const annotations = { 'ropeway/rank-table': form }
      const wish = { flavor: FLAVOR, nodes: 2, annotations }
      const { job, logs } = await ropeway.run(
        body(`own-ranks-${form.replace('.', '-')}`, `${RANKS} '${PRINT}'`, wish),
      )
      assert.equal(job.status.phase, 'Completed', JSON.stringify(logs))
      assert.deepEqual(ownLines(logs['worker-0']), ['own 0 4 0 1.0', 'own 1 4 1 1.0'])
      assert.deepEqual(ownLines(logs['worker-1']), ['own 2 4 0 1.0', 'own 3 4 1 1.0'])
    })

  it('a form that nobody knows, and one that these hosts cannot have, are refused when the job is created', async () => {
    for (const [form, words] of [
      ['2.0', /ropeway\/rank-table.*got "2\.0"; valid: 0\.1, 1\.0, 1\.2/],
      ['1.2', /the super pod of hosts with flavor "ropeway\.ascend-910a\.2" is not known/],
    ] as const)
      await assert.rejects(
        ropeway.client.create(
          body('form', 'true', { flavor: FLAVOR, annotations: { 'ropeway/rank-table': form } }),
        ),
        words,
      )
  })

  it('a rank that fails ends the other tasks at once, though a peer beside it holds its own task up', async () => {
    // Rank 1 ignores SIGTERM, so worker-0 ends only after the launcher's grace.
    await using rendezvous = await allUp(4)
    const program = `import os, signal, socket, sys, time
rank = int(os.environ["RANK_ID"])
told = lambda *_: (print("own told", time.time(), flush=True), sys.exit(0))
signal.signal(signal.SIGTERM, signal.SIG_IGN if rank == 1 else told)
up = socket.create_connection(("127.0.0.1", ${rendezvous.port}))
if rank == 0:
    up.recv(1)
    print("own failing", time.time(), flush=True)
    os._exit(7)
time.sleep(60)`
    const wish = { flavor: FLAVOR, nodes: 2, environments: { ROPEWAY_GRACE: '3' } }
    const { metadata } = await ropeway.client.create(body('fails', `${RANKS} '${program}'`, wish))
    const { job, logs, events } = await ropeway.follow(metadata.id)
    assert.equal(job.status.phase, 'Failed', events.join('\n'))
    const at = (log = '', word: string) => Number(new RegExp(`own ${word} ([\\d.]+)`).exec(log)?.[1]) * 1000
    const failing = at(logs['worker-0'], 'failing')
    const told = [...(logs['worker-1'] ?? '').matchAll(/own told ([\d.]+)/g)].map(
      ([, time]) => Number(time) * 1000,
    )
    assert.equal(told.length, 2, logs['worker-1'])
    // Not a measurement: without the report this takes the grace of three seconds.
    for (const time of told) assert.ok(time - failing < 2500, `${time - failing} ms`)
    assert.match(logs['worker-0'] ?? '', /rank 0 \(device 0\) on .* failed first: exit code 7/)
    assert.ok(
      events.some((event) => /worker-0.*rank 0 ended with exit code 7/.test(event)),
      events.join('\n'),
    )
  })
})
