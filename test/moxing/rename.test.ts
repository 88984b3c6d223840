// rename between this machine and the store: what arrived is deleted at its source, and nothing else.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Case, MOVERS, Scripts } from './scripts.ts'

/** `added(act)`: act() is called when the source has been listed and before anything of it is deleted. */
const HELPER = `
many = ['d%d/n%d' % (i % 3, i) for i in range(20)]
def added(act):
    real = mox._copy._copy_files
    def late(*args):
        real(*args)
        act()
    mox._copy._copy_files = late
`
/** `stays`: the script is told that something is left at the source. */
const cases: Array<Case & { stays?: true }> = [
  {
    title: 'what is added in the store while a folder moves away stays there',
    script: `
f.make_dirs(base + '/x/empty')
put(base + '/x', *many)
added(lambda: put(base + '/x', 'new', 'd0/new', 'late/new') or f.write(base + '/x/d1/n1', 'other'))
f.rename(base + '/x', here + '/x')
tell([tree(here + '/x') == sorted(many), os.path.isdir(here + '/x/empty'),
      f.list_directory(base + '/x', recursive=True, skip_dir=True), f.read(base + '/x/d1/n1')])`,
    tells: [true, true, ['d0/new', 'd1/n1', 'late/new', 'new'], 'other'],
    stays: true,
  },
  {
    title: 'so does what is added while it moves inside the store',
    script: `
put(base + '/x', *many)
added(lambda: put(base + '/x', 'd0/new'))
f.rename(base + '/x', base + '/y')
tell([f.list_directory(base + '/y', recursive=True, skip_dir=True) == sorted(many),
      f.list_directory(base + '/x', recursive=True)])`,
    tells: [true, ['d0', 'd0/new']],
    stays: true,
  },
  {
    title: 'a file that is written to while it moves stays, in the store and here',
    script: `
put(base, 'x')
put(here, 'x')
def write(root):
    real = mox._rename.copy_file
    def late(*args):
        real(*args)
        with f.File(root + '/x', 'a') as file:
            file.write('more')
        mox._rename.copy_file = real
    mox._rename.copy_file = late
write(base)
f.rename(base + '/x', here + '/y')
write(here)
f.rename(here + '/x', base + '/z')
f.rename(here + '/y', base + '/y')
tell([f.read(base + '/x'), f.read(here + '/x'), f.read(base + '/y'), f.read(base + '/z'), os.path.exists(here + '/y')])`,
    tells: ['xmore', 'xmore', 'x', 'x', false],
    stays: true,
  },
  {
    title: 'a folder that moves as it is leaves nothing, with its markers and empty folders',
    script: `
f.make_dirs(base + '/x/empty/deep')
f.make_dirs(base + '/x')
put(base + '/x', *many)
f.rename(base + '/x/', here + '/x')
f.rename(here + '/x', base + '/y/')
f.rename(base + '/y', base + '/z')
f.make_dirs(base + '/none')
f.rename(base + '/none', base + '/still')
tell([f.exists(base + '/x'), os.path.exists(here + '/x'), f.exists(base + '/y'), f.exists(base + '/none'),
      f.is_directory(base + '/still'), f.list_directory(base + '/z', recursive=True, skip_dir=True) == sorted(many),
      f.is_directory(base + '/z/empty/deep')])`,
    tells: [false, false, false, false, true, true, true],
  },
  {
    title: 'links are followed to be copied, and deleted alone: what they lead to stays',
    script: `
put(here + '/x', *many)
put(here + '/elsewhere', 'a', 'b/c')
os.symlink('../elsewhere', here + '/x/link')
os.symlink('../elsewhere/a', here + '/x/file')
os.symlink('x', here + '/whole')
f.rename(here + '/whole', base + '/whole')
first = [os.path.lexists(here + '/whole'), tree(here + '/x') == sorted(many + ['file'])]
f.rename(here + '/x', base + '/x')
tell(first + [os.path.exists(here + '/x'), tree(here + '/elsewhere'),
      f.list_directory(base + '/x', recursive=True, skip_dir=True) == sorted(many + ['file', 'link/a', 'link/b/c'])])`,
    tells: [false, true, false, ['a', 'b/c'], true],
  },
]

for (const mover of MOVERS)
  describe(`folders moved by the ${mover}`, () => {
    let scripts: Scripts
    before(async () => {
      scripts = await Scripts.open(mover)
    })
    after(async () => await scripts[Symbol.asyncDispose]())

    for (const { title, script, tells, stays } of cases)
      test(title, async () => {
        const { stdout, stderr } = await scripts.run(HELPER + script)
        assert.deepEqual(JSON.parse(stdout), tells)
        assert.match(stderr, stays ? /^(moxing: \S+\/x stays, with what was not copied\n)+$/ : /^$/)
      })

    test('what is added here meanwhile, or cannot be copied, stays, and one line says so', async () => {
      const { stdout, stderr } = await scripts.run(`${HELPER}
put(here + '/x', *many)
os.mkfifo(here + '/x/d1/pipe')
added(lambda: put(here + '/x', 'new', 'd0/new', 'late/new') or os.mkdir(here + '/x/made') or f.append(here + '/x/d1/n1', 'more'))
f.rename(here + '/x', base + '/x')
tell([tree(here + '/x'), os.path.isdir(here + '/x/made'), os.path.exists(here + '/x/d2'),
      f.list_directory(base + '/x', recursive=True, skip_dir=True) == sorted(many)])`)
      assert.deepEqual(JSON.parse(stdout), [
        ['d0/new', 'd1/n1', 'd1/pipe', 'late/new', 'new'],
        true,
        false,
        true,
      ])
      const [, left] =
        /^[^\n]*d1\/pipe' is neither[^\n]*\nmoxing: (.*) stays, with what was not copied\n$/.exec(stderr) ??
        []
      assert.match(left ?? stderr, /\/x$/)
    })
  })
