// What can be wrong with names, files and disks: each has one clear exception, and nothing half-done under its name.
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { smallDisk } from '../e2e/small-disk.ts'
import { type Case, MOVERS, Scripts } from './scripts.ts'

/** `error(call)` is what a script sees: the kinds it could catch, and whether words are in the message. */
const HELPER = `
def error(words, function, *args, **more):
    try:
        function(*args, **more)
    except Exception as caught:
        kinds = [c.__name__ for c in type(caught).__mro__[:2]]
        lacking = [word for word in words if word not in str(caught)]
        return kinds + (['lacks %r: %s' % (lacking, caught)] if lacking else [])
    return 'nothing'
many = ['n%d' % i for i in range(20)]
`

const cases: Array<Case & { says?: string[] }> = [
  {
    title: 'names with a newline, a tab and a quote go there and back',
    script: `
names = ['new\\nline', 'tab\\tx/a', 'q"uote', 'back\\\\slash', ' ', 'a&b<c>'] + many
put(here + '/up', *names)
f.copy_parallel(here + '/up', base)
f.copy_parallel(base, here + '/down')
f.rename(base + '/new\\nline', base + '/plain')
f.remove(base, recursive=True)
tell([tree(here + '/down') == sorted(names), f.exists(base)])`,
    tells: [true, false],
  },
  {
    title: 'a name that is not UTF-8 cannot be a key: refused before anything is sent, by its bytes',
    script: `
put(here + '/up', *many)
open(os.fsencode(here) + b'/up/z\\xff', 'w').close()
tell([error([r"z\\xff'", 'UTF-8'], f.copy_parallel, here + '/up', base), f.exists(base),
      error([r"z\\xff'"], f.copy, os.fsencode(here) + b'/up/z\\xff', base.encode() + b'/z\\xff')])`,
    tells: [['MoxFileException', 'Exception'], false, ['MoxFileException', 'Exception']],
  },
  {
    title: 'a folder here may have such a name',
    script: `
put(base, *many)
f.copy_parallel(base, os.fsencode(here) + b'/d\\xff')
tell(sorted(os.listdir(os.fsencode(here) + b'/d\\xff')) == sorted(name.encode() for name in many))`,
    tells: true,
  },
  {
    title: 'a key that is a file and a folder is refused before anything is written',
    script: `
put(base, 'x', 'x/y', *many)
tell([error(['x is a file and a folder'], f.copy_parallel, base, here + '/down'), os.path.exists(here + '/down'),
      f.read(base + '/x'), f.is_directory(base + '/x')])`,
    tells: [['MoxFileNameDuplicateException', 'MoxFileException'], false, 'x', true],
  },
  {
    title: 'a file that vanishes while others are copied is named',
    script: `
put(here + '/up', *many)
real = mox._movers._move
def vanish(*args):
    os.remove(here + '/up/n7')
    real(*args)
mox._movers._move = vanish
tell(error([here + '/up/n7', 'No such file'], f.copy_parallel, here + '/up', base))`,
    tells: ['FileNotFoundError', 'OSError'],
  },
  {
    title: 'an object that vanishes while others are copied is named, and leaves no file',
    script: `
put(base, *many)
real = mox._movers._move
def vanish(*args):
    f.remove(base + '/n7')
    real(*args)
mox._movers._move = vanish
tell([error([base + '/n7', '404'], f.copy_parallel, base, here + '/down'), 'n7' in tree(here + '/down'),
      [name for name in os.listdir(here + '/down') if name.startswith('.')]])`,
    tells: [['MoxFileNotExistsException', 'MoxFileRespException'], false, []],
  },
  {
    title: 'files without bytes are files',
    script: `
put(here + '/up', *many)
open(here + '/up/empty', 'w').close()
f.copy_parallel(here + '/up', base)
f.copy_parallel(base, here + '/down')
told = [f.read(base + '/empty'), f.File(base + '/empty', 'rb').read(), os.path.getsize(here + '/down/empty')]
with f.File(base + '/empty') as h:
    told += [h.size(), h.readlines(), h.seek(0, 2)]
tell([told[0], len(told[1])] + told[2:])`,
    tells: ['', 0, 0, 0, [], 0],
  },
  {
    title: 'links that lead nowhere or around in circles are left out, with a line about the first kind',
    script: `
put(here + '/up', *many)
os.symlink(here + '/up/n0', here + '/up/link')
os.symlink('.', here + '/up/round')
os.symlink('missing', here + '/up/dead')
os.symlink('itself', here + '/up/itself')
f.copy_parallel(here + '/up', base)
tell(f.list_directory(base, recursive=True) == sorted(many + ['link']))`,
    tells: true,
    says: ['dead', 'itself'],
  },
  {
    title: 'a bucket that is not there, and names that no bucket has',
    script: `
put(here + '/up', *many)
nowhere = 'obs://no-such-bucket'
tell([error(['NoSuchBucket'], f.copy_parallel, here + '/up', nowhere + '/x'), error(['NoSuchBucket'], f.read, nowhere + '/x'),
      error(['NoSuchBucket'], f.list_directory, nowhere), f.exists(nowhere), error(['names no bucket'], f.exists, 'obs:///x'),
      error(['append_remote takes'], f.append_remote, '/tmp/x', base + '/x')])`,
    tells: [
      ['MoxFileNotExistsException', 'MoxFileRespException'],
      ['MoxFileNotExistsException', 'MoxFileRespException'],
      ['MoxFileNotExistsException', 'MoxFileRespException'],
      false,
      ['ValueError', 'Exception'],
      ['ValueError', 'Exception'],
    ],
  },
  {
    title: 'a folder is not moved into itself, and copy takes no folder',
    script: `
put(base, 'd/a')
os.mkdir(here + '/d')
f.rename(base + '/d', base + '/d/')
tell([error(['into itself'], f.rename, base + '/d', base + '/d/e'), f.list_directory(base, recursive=True),
      error(['copy_parallel'], f.copy, here + '/d', base + '/x'), error([], f.copy, base + '/d', here + '/x'),
      error(['folder'], f.write, base + '/d/', 'x'), error(['folder'], f.File, base + '/', 'w')])`,
    tells: [
      ['ValueError', 'Exception'],
      ['d', 'd/a'],
      ['IsADirectoryError', 'OSError'],
      ['MoxFileNotExistsException', 'MoxFileRespException'],
      ['IsADirectoryError', 'OSError'],
      ['IsADirectoryError', 'OSError'],
    ],
  },
  {
    title: 'a folder here where a file is to be stays, and the copy says so',
    script: `
put(base, *many)
put(here + '/down', 'n5/inside')
tell([error(['n5 is a folder here'], f.copy_parallel, base, here + '/down'), tree(here + '/down')])`,
    tells: [['MoxFileNameDuplicateException', 'MoxFileException'], ['n5/inside']],
  },
]

for (const mover of MOVERS)
  describe(`files moved by the ${mover}`, () => {
    let scripts: Scripts
    before(async () => {
      scripts = await Scripts.open(mover)
    })
    after(async () => await scripts[Symbol.asyncDispose]())

    for (const one of cases)
      test(one.title, async () => {
        const ended = await scripts.run(HELPER + one.script)
        assert.deepEqual(JSON.parse(ended.stdout), one.tells)
        const said = ended.stderr.split('\n').filter((line) => line !== '')
        assert.deepEqual(
          said.map((line) => /'.*\/(\w+)' is neither/.exec(line)?.[1]),
          one.says ?? [],
        )
      })

    test('a disk that is full: the error names the file, and no part of it is left', async () => {
      using disk = smallDisk('4m')
      const { stdout } = await scripts.run(`${HELPER}
put(base, *many)
f.write(base + '/zz', b'x' * (6 << 20), binary=True)
down = ${JSON.stringify(join(disk.dir, 'down'))}
told = error(['No space left', down + '/zz'], f.copy_parallel, base, down)
tell([told, os.path.exists(down + '/zz')])`)
      assert.deepEqual(JSON.parse(stdout), [['OSError', 'Exception'], false])
      assert.deepEqual(
        readdirSync(join(disk.dir, 'down')).filter((name) => name.startsWith('.')),
        [],
      )
    })
  })

test('a file that cannot be read is named', async () => {
  await using scripts = await Scripts.open()
  const { stdout } = await scripts.run(`${HELPER}
put(here + '/up', *many)
os.chmod(here + '/up/n3', 0)
os.seteuid(1000)  # root may read everything
tell(error([here + '/up/n3'], f.copy_parallel, here + '/up', base))`)
  assert.deepEqual(JSON.parse(stdout), ['PermissionError', 'OSError'])
})

test('what did not fit on the disk is not stored as if it were whole', async () => {
  await using scripts = await Scripts.open()
  using disk = smallDisk('2m')
  const { stdout } = await scripts.run(
    `${HELPER}
f.write(base + '/log', 'as it was')
def fill():
    with f.File(base + '/log', 'wb') as h:
        for _ in range(64):
            h.write(b'x' * 65536)
tell([error(['No space left'], fill), f.read(base + '/log')])`,
    { env: { MOX_FILE_SPOOL_DIR: disk.dir } },
  )
  assert.deepEqual(JSON.parse(stdout), [['OSError', 'Exception'], 'as it was'])
  assert.deepEqual(readdirSync(disk.dir), [])
  assert.ok(existsSync(disk.dir))
})
