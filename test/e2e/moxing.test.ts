// moxing in real tasks: both users, real ranks behind one lock file, bytes moved by the launcher and not by the script,
// and a server that restarts in the middle.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { body, type Finished, ROOT, Ropeway } from './harness.ts'

/** Copies in both directions; fails when the script has to move the files itself. */
const COPY = `
import hashlib, os, sys
import moxing as mox
small = mox._movers._in_this_process
def only_small(order, pairs):
    assert len(pairs) == 1 and pairs[0].size < 100, 'moved by the script'
    small(order, pairs)
mox._movers._in_this_process = only_small
args = dict(a[2:].split('=', 1) for a in sys.argv[1:])
assert not [name for name in os.environ if 'KEY' in name or 'SECRET' in name], os.environ
mox.file.copy_parallel(args['data_url'], '/cache/data')
digests = [hashlib.md5(open('/cache/data/' + name, 'rb').read()).hexdigest() for name in sorted(os.listdir('/cache/data'))]
mox.file.copy_parallel('/cache/data', args['train_url'], threads=128)
with mox.file.File(args['train_url'] + 'log', 'w') as log:
    log.write('uid %d' % os.getuid())
print('uid', os.getuid(), len(digests), 'files', hashlib.md5(''.join(digests).encode()).hexdigest())
`
const BIG = Buffer.alloc(40 << 20, 'rope')

describe('moxing in tasks', () => {
  let ropeway: Ropeway
  before(async () => {
    ropeway = await Ropeway.start({ simulate: '1x8' })
    const files = Array.from({ length: 60 }, (_, at) => [`box/data/n${at}`, `content ${at}`] as const)
    await ropeway.upload({
      'box/code/train.py': COPY,
      'box/code/ranks.py': readFileSync(join(ROOT, 'test/moxing/idioms/lock_file.py'), 'utf8'),
      'box/data/big': BIG,
      ...Object.fromEntries(files),
    })
    for (let at = 0; at < 60; at++)
      await ropeway.objects.put('box', `images/train/${at}.jpg`, Buffer.from('jpg'))
  })
  after(async () => await ropeway?.[Symbol.asyncDispose]())

  const said = ({ logs }: Finished): string => Object.values(logs).join('')
  const stored = async (prefix: string): Promise<string[]> => {
    const keys: string[] = []
    for await (const entry of ropeway.objects.list('box', { prefix }))
      if (entry.kind === 'object' && !entry.key.endsWith('/')) keys.push(entry.key)
    return keys
  }

  const jobs = {
    1101: "/bin/bash /home/work/run_train.sh 'obs://box/code/' 'code/train.py' '/tmp/log/train.log' --'data_url'='obs://box/data/' --'train_url'='obs://box/out-1101/'",
    1000: 'cd /home/ma-user/modelarts/user-job-dir/code && python3 train.py --data_url=obs://box/data/ --train_url=obs://box/out-1000/',
  }
  for (const [uid, command] of Object.entries(jobs))
    it(`copies as uid ${uid}: the launcher moves the bytes, no key is near`, async () => {
      const algorithm = uid === '1000' ? { code_dir: 'obs://box/code/' } : {}
      const environments = uid === '1101' ? { RANK_TABLE_FILE: '/user/config' } : {}
      const flavor = uid === '1101' ? 'ropeway.ascend-910a.1' : 'ropeway.cpu.1'
      const done = await ropeway.run(body(`copy-${uid}`, command, { algorithm, environments, flavor }))
      assert.equal(done.job.status.phase, 'Completed', said(done))
      assert.match(said(done), new RegExp(`uid ${uid} 61 files [0-9a-f]{32}\n`))
      assert.equal((await stored(`out-${uid}/`)).length, 62)
      assert.equal((await ropeway.objects.head('box', `out-${uid}/big`))?.size, BIG.length)
    })

  it('eight ranks wait for the one that copies, while the server is away for a moment', async () => {
    const command =
      "/bin/bash /home/work/run_train.sh 'obs://box/code/' 'code/ranks.py' '/tmp/log/train.log' --'data_url'='obs://box/images/' --'train_url'='obs://box/ranks/' --cache=/cache"
    const created = await ropeway.client.create(
      body('ranks', command, {
        flavor: 'ropeway.ascend-910a.8',
        environments: { RANK_TABLE_FILE: '/user/config' },
      }),
    )
    await ropeway.waitFor(created.metadata.id, 'it runs', ({ status }) => status.phase === 'Running')
    await ropeway.kill()
    await ropeway.start()
    const done = await ropeway.follow(created.metadata.id)
    assert.equal(done.job.status.phase, 'Completed', said(done))
    assert.equal(said(done).match(/device \d saw 60 files/g)?.length, 8)
    assert.equal((await stored('ranks/')).length, 8)
  })
})
