// copy and copy_parallel as scripts use them, against the real object server.
import assert from 'node:assert/strict'
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Case, MOVERS, Scripts } from './scripts.ts'

const cases: Case[] = [
  {
    title: 'copy_parallel puts the contents of a folder into another one and back, whatever the names',
    script: `
put(here + '/up', 'a.txt', 's/b c.txt', 's/t/ü+%&#?.txt', ' lead/x', "q'uo\\"te")
f.copy_parallel(here + '/up', base + '/x')
f.copy_parallel(base + '/x/', here + '/down')
assert all(open(here + '/down/' + name).read() == name for name in tree(here + '/down'))
tell([tree(here + '/down') == tree(here + '/up'), f.list_directory(base + '/x')])`,
    tells: [true, [' lead', 'a.txt', 'q\'uo"te', 's']],
  },
  {
    title: 'copy_parallel keeps empty folders and merges into what is there',
    script: `
os.makedirs(here + '/up/empty')
put(here + '/up', 'a')
f.copy_parallel(here + '/up', base)
put(here + '/down', 'old', 'a')
f.copy_parallel(base.replace('obs://', 's3://'), here + '/down')
tell([tree(here + '/down'), os.path.isdir(here + '/down/empty')])`,
    tells: [['a', 'old'], true],
  },
  {
    title: 'copy_parallel goes from the store to the store and from folder to folder',
    script: `
put(base + '/x', 'a', 's/b')
f.copy_parallel(base + '/x', base + '/y', threads=0)
f.copy_parallel(base + '/y', here + '/one', is_processing=False)
f.copy_parallel(here + '/one', here + '/two')
tell([tree(here + '/two'), f.read(base + '/y/s/b')])`,
    tells: [['a', 's/b'], 's/b'],
  },
  {
    title: 'copy_parallel with file_list takes only those files',
    script: `
put(base, 'a', 's/b', 's/c')
f.copy_parallel(base, here + '/down', file_list=['a', 's/c'])
tell([tree(here + '/down'), raised(f.copy_parallel, base, here + '/down', file_list=['nothing'])[0],
      raised(f.copy_parallel, base, here + '/down', file_list=['../a'])[0]])`,
    tells: [['a', 's/c'], 'MoxFileNotExistsException', 'ValueError'],
  },
  {
    title: 'copy_parallel takes a single file, to a name or into a folder',
    script: `
put(base, 'data.tar')
f.copy_parallel(base + '/data.tar', here + '/new/name.tar')
f.copy_parallel(base + '/data.tar', here + '/new')
f.copy_parallel(here + '/new/name.tar', base + '/up/')
tell([tree(here), f.list_directory(base + '/up')])`,
    tells: [['new/data.tar', 'new/name.tar'], ['name.tar']],
  },
  {
    title: 'a file and a folder of one name are refused before anything is written',
    script: `
put(base, 'x/a', 'x/a/b', 'y/z')
os.makedirs(here + '/down/z')
tell([raised(f.copy_parallel, base + '/x', here + '/down')[0], raised(f.copy_parallel, base + '/y', here + '/down')[0],
      raised(f.copy_parallel, base + '/x/a', here + '/down')[0], tree(here)])`,
    tells: [
      'MoxFileNameDuplicateException',
      'MoxFileNameDuplicateException',
      'MoxFileNameDuplicateException',
      [],
    ],
  },
  {
    title: 'copy takes one file in all four directions, makes folders, overwrites',
    script: `
put(here, 'a')
f.copy(here + '/a', base + '/a')
f.copy(base + '/a', base + '/b')
put(here, 'new/sub/c')
f.copy(base + '/b', here + '/new/sub/c')
f.copy(here + '/new/sub/c', here + '/other/d')
tell([open(here + '/other/d').read(), raised(f.copy, base + '/none', here + '/e')[0], tree(here)])`,
    tells: ['a', 'MoxFileNotExistsException', ['a', 'new/sub/c', 'other/d']],
  },
  {
    title: 'folders of more than one page of names are whole',
    script: `
names = ['d%d/n%04d' % (i % 3, i) for i in range(1203)]
put(here, *names)
f.copy_parallel(here, base, threads=32)
listed = f.list_directory(base, recursive=True, skip_dir=True)
f.remove(base + '/d1', recursive=True)
tell([listed == sorted(names), f.list_directory(base)])`,
    tells: [true, ['d0', 'd2']],
  },
]
for (const mover of MOVERS)
  describe(`files moved by the ${mover}`, () => {
    let scripts: Scripts
    before(async () => {
      scripts = await Scripts.open(mover)
    })
    after(async () => await scripts[Symbol.asyncDispose]())

    for (const one of cases) test(one.title, async () => await scripts.check(one))

    test('an empty source says so and is no error, but makes the target', async () => {
      const ended = await scripts.run(`
os.makedirs(here + '/empty')
f.copy_parallel(here + '/empty', base + '/x')
f.copy_parallel(base + '/none', here + '/down')
print(os.path.isdir(here + '/down'), raised(f.copy_parallel, here + '/missing', base)[0])`)
      assert.equal(ended.stdout, 'No files to copy\nNo files to copy\nTrue MoxFileNotExistsException\n')
    })

    test('a file above 64 MiB travels in parts and comes back the same', async () => {
      const ended = await scripts.run(`
import hashlib
with open(here + '/big', 'wb') as file:
    for block in range(70):
        file.write(bytes([block]) * (1 << 20))
    file.write(b'tail')
f.copy(here + '/big', base + '/big')
f.copy_parallel(base, here + '/down')
digests = [hashlib.sha256(open(p, 'rb').read()).hexdigest() for p in (here + '/big', here + '/down/big')]
print(digests[0] == digests[1], f.get_size(base + '/big'))`)
      assert.equal(ended.stdout, `True ${70 * 1024 * 1024 + 4}\n`)
    })

    test('a downloaded file has the permissions of a new file, and links are followed but not in circles', async () => {
      const prepared = join(scripts.dir, 'links')
      await mkdir(join(prepared, 'sub'), { recursive: true })
      await writeFile(join(prepared, 'secret'), 'x')
      await chmod(join(prepared, 'secret'), 0o600)
      await symlink('..', join(prepared, 'sub', 'circle'))
      await symlink('secret', join(prepared, 'link'))
      const ended = await scripts.run(`
os.umask(0o027)
f.copy_parallel(${JSON.stringify(prepared)}, base)
f.copy_parallel(base, here + '/down')
tell(tree(here + '/down'))`)
      assert.deepEqual(JSON.parse(ended.stdout), ['link', 'secret'])
      assert.equal((await stat(join(ended.here, 'down', 'secret'))).mode & 0o777, 0o640)
      assert.equal(await readFile(join(ended.here, 'down', 'link'), 'utf8'), 'x')
      assert.deepEqual((await readdir(join(ended.here, 'down'))).sort(), ['link', 'secret'])
    })

    test('a restart of the server costs a script at most one line and no error', async () => {
      let restarted: Promise<void> | undefined
      const resume = () => {
        restarted ??= scripts.objects.resume()
      }
      scripts.onMove = resume
      await scripts.objects.pause()
      const ended = await scripts.run(
        `
put(here + '/up', *['n%d' % i for i in range(40)])
f.copy_parallel(here + '/up', base)
tell(len(f.list_directory(base)))`,
        { onStderr: (text) => text.includes('trying again') && resume() },
      )
      await restarted
      assert.equal(ended.stdout, '40\n')
      const line = /^moxing: the object store does not answer \(.*\); trying again for up to 150 s\n$/
      if (mover === 'script') assert.match(ended.stderr, line)
      else assert.equal(ended.stderr, '')
    })

    test('many and big files are moved by who is meant to', () =>
      assert.equal(scripts.moves > 5, mover === 'launcher'))
  })
