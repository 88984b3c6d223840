// The demo's training script under the launcher: it learns, and a table that was tampered with makes the job fail by name.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { after, before, describe, it } from 'node:test'
import { body, ROOT, Ropeway } from './harness.ts'

const DIGITS = join(ROOT, 'examples', 'digits')
const COMMAND =
  "/bin/bash /home/work/run_train.sh 'obs://training-bucket/digits/code/' 'code/BOOT' '/tmp/log/train.log' --'data_url'='obs://training-bucket/digits/data/' --'train_url'='obs://training-bucket/model/'"

/** Changes the converted table that a rank reads, the same way in every rank, and then trains. */
const TAMPER = `
import json, os, sys
how = os.environ['TAMPER']
table = json.load(open(os.environ['RANK_TABLE_FILE']))
rows = [row for server in table['server_list'] for row in server['device']]
if how == 'swap':
  rows[1]['rank_id'], rows[6]['rank_id'] = rows[6]['rank_id'], rows[1]['rank_id']
if how == 'remove':
  table['server_list'][1]['device'].pop()
if how == 'server':
  table['server_list'][1]['server_id'] = '127.99.99.99'
path = '/tmp/tampered-%s.json' % os.environ['RANK_ID']
with open(path, 'w') as file:
  json.dump(table, file)
os.environ['RANK_TABLE_FILE'] = path
here = os.path.dirname(os.path.abspath(__file__))
os.execv(sys.executable, [sys.executable, os.path.join(here, 'train.py')] + sys.argv[1:])
`

let ropeway: Ropeway
let data: string
before(async () => {
  data = mkdtempSync(join(tmpdir(), 'rw-digits-'))
  execFileSync(process.execPath, [join(DIGITS, 'convert.ts'), data])
  ropeway = await Ropeway.start({ simulate: '2x4' })
  const code = readdirSync(DIGITS).filter((name) => name.endsWith('.py'))
  await ropeway.upload({
    ...Object.fromEntries(
      code.map((name) => [`training-bucket/digits/code/${name}`, readFileSync(join(DIGITS, name))]),
    ),
    ...Object.fromEntries(
      readdirSync(data).map((name) => [
        `training-bucket/digits/data/${name}`,
        readFileSync(join(data, name)),
      ]),
    ),
    'training-bucket/digits/code/tamper.py': TAMPER,
  })
})
after(async () => {
  rmSync(data, { recursive: true, force: true })
  await ropeway[Symbol.asyncDispose]()
})

const run = (name: string, boot: string, more: Record<string, string> = {}, args = '') =>
  ropeway.run(
    body(name, `${COMMAND.replace('BOOT', boot)} ${args}`.trim(), {
      nodes: 2,
      flavor: 'ropeway.ascend-910a.4',
      environments: { RANK_TABLE_FILE: '/user/config', ...more },
    }),
  )

it('eight ranks on two tasks learn the digits and rank 0 writes the model', async () => {
  const { job, logs } = await run('digits', 'train.py')
  const all = Object.values(logs).join('\n')
  assert.equal(job.status.phase, 'Completed', all)
  const accuracy = Number(/^accuracy: (0\.\d+)$/m.exec(all)?.[1])
  assert.ok(accuracy >= 0.85, `accuracy is ${accuracy}`)
  assert.ok(((await ropeway.objects.head('training-bucket', 'model/model.json'))?.size ?? 0) > 0)
})

describe('a tampered table', () => {
  for (const [how, title] of [
    ['swap', 'two entries swapped'],
    ['remove', 'one entry removed'],
    ['server', 'one server_id changed'],
  ] as const) {
    it(`${title}: the job fails and names the rank`, async () => {
      const { job, logs, events } = await run(
        `tamper-${how}`,
        'tamper.py',
        { TAMPER: how },
        '--connect_timeout 5 --limit 200 --epochs 1',
      )
      assert.equal(job.status.phase, 'Failed')
      assert.match(Object.values(logs).join('\n'), /rank \d+: /)
      assert.match(events.join('\n'), /rank \d+/)
    })
  }
})
