// Scripts as they stand in model zoos and tutorials (spec: modelarts.md §4.5), unchanged in what they do, as both users
// that tasks have, with a launcher that moves the files.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Ended, MOXING, plainPython, pythons } from './python.ts'
import { Scripts } from './scripts.ts'

const idiom = (name: string): string =>
  readFileSync(join(import.meta.dirname, 'idioms', `${name}.py`), 'utf8')

/** The script with these arguments. */
const withArguments = (name: string, args: readonly string[]): string =>
  `import sys; sys.argv = ${JSON.stringify(['script.py', ...args])}\n${idiom(name)}`

/** What shift_first.py prints when the store, this machine and the standard library were as they should be. */
function checkShifted({ stdout, stderr }: Ended): void {
  const [same, unshifted, told, local, asBefore] = JSON.parse(stdout)
  assert.equal(same, true, stdout)
  assert.equal(unshifted, true)
  assert.deepEqual(told.slice(0, 3), [499500, ['one', 'two', 'three'], ['a.txt', 'e', 'k.json', 'p.pkl']])
  const paths = [true, true, 3, ['b.txt'], ['b.txt'], 'one', false, false]
  assert.deepEqual(local, [...paths, '', ['b.txt'], [['b.txt'], ['b.txt']]])
  assert.equal(asBefore, true)
  assert.equal(stderr, '')
}

for (const uid of [1000, 1101])
  describe(`scripts of uid ${uid}`, () => {
    let scripts: Scripts
    before(async () => {
      scripts = await Scripts.open('launcher', uid)
    })
    after(async () => await scripts[Symbol.asyncDispose]())

    const run = async (name: string, args: readonly string[], env: Record<string, string> = {}) => {
      const ended = await plainPython(withArguments(name, args), {
        uid,
        env: { ...scripts.environment, PYTHONPATH: MOXING, HOME: '/nowhere', ...env },
      })
      assert.equal(ended.code, 0, ended.stderr)
      return ended
    }
    const fresh = async () => {
      const { here } = await scripts.run('f.make_dirs(base)', { uid })
      return { here, url: `obs://box/${here.split('/').at(-1)}` }
    }

    test('eight ranks behind one lock file see the whole data, and device 0 uploads', async () => {
      const { here, url } = await scripts
        .run(`
put(base + '/data', *['train/%03d.jpg' % i for i in range(60)])
print(base)`)
        .then(({ stdout, ...rest }) => ({ ...rest, url: stdout.trim() }))
      const args = [`--data_url=${url}/data/`, `--train_url=${url}/out/`, `--cache=${here}`, '--epochs=1']
      const ranks = Array.from({ length: 8 }, (_, rank) =>
        run('lock_file', args, { DEVICE_ID: String(rank), RANK_SIZE: '8' }),
      )
      const said = (await Promise.all(ranks)).map(({ stdout }) => stdout)
      assert.deepEqual(
        said,
        Array.from({ length: 8 }, (_, rank) => `device ${rank} saw 60 files\n`),
      )
      const listed = await scripts.run(`tell(f.list_directory('${url}/out'))`, { uid })
      assert.equal(JSON.parse(listed.stdout).length, 8)
    })

    test('shift as the first line: the standard library works in the store as it does here', async () => {
      const { here, url } = await fresh()
      checkShifted(await run('shift_first', [url, `${here}/local`]))
    })

    test('checkpoints from a callback, a log in the store, and a resume from the newest', async () => {
      const { here, url } = await fresh()
      const { stdout, stderr } = await run('checkpoints', [url, here])
      const names = [1, 2, 3].map((epoch) => `net-${epoch}_100.ckpt`)
      const lines = [1, 2, 3].map((epoch) => `epoch ${epoch} saved`)
      assert.deepEqual(JSON.parse(stdout), [names, 3, true, [...lines, ''], "{'lr': 0.1}", 0])
      assert.equal(stderr, '')
    })

    test('every import path leads to the same functions', async () => {
      const { url } = await fresh()
      const { stdout, stderr } = await run('other_imports', [url])
      assert.deepEqual(JSON.parse(stdout), [
        26,
        false,
        true,
        404,
        'NoSuchKey',
        ['/modules/hello_world.txt'],
        'Hello World!\nend of file.\u0000',
        ['/modules/new.bin'],
      ])
      assert.equal(stderr, '')
    })
  })

describe('shift as the first line, in every Python of this machine', () => {
  let scripts: Scripts
  before(async () => {
    scripts = await Scripts.open()
  })
  after(async () => await scripts[Symbol.asyncDispose]())

  for (const [at, interpreter] of pythons().entries())
    test(interpreter, async () => {
      const args = [`obs://box/python-${at}`, join(scripts.dir, `python-${at}`)]
      const env = { ...scripts.environment, PYTHONPATH: MOXING }
      const ended = await plainPython(withArguments('shift_first', args), { interpreter, env })
      assert.equal(ended.code, 0, ended.stderr)
      checkShifted(ended)
    })
})
