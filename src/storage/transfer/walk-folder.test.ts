import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { walkFolder } from './walk-folder.ts'

async function tempFolder() {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'ropeway-walk-')))
  const src = join(dir, 'src')
  await mkdir(src)
  return { dir, src, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) }
}

test('links are followed to files inside the folder only, and what is left out is reported', async () => {
  await using temp = await tempFolder()
  const { dir, src } = temp
  await mkdir(join(src, 'd'))
  await writeFile(join(src, 'd/real'), 'x')
  await writeFile(join(dir, 'outside'), 'secret')
  const links = {
    inside: 'd/real',
    out: '../outside',
    absolute: '/etc/passwd',
    dangling: 'nowhere',
    folder: 'd',
    loop: 'loop',
  }
  for (const [name, target] of Object.entries(links)) await symlink(target, join(src, name))
  spawnSync('mkfifo', [join(src, 'pipe')])
  const { files, skipped } = await walkFolder(src, '')
  assert.deepEqual(
    files.map((file) => [file.name, file.path]),
    [
      ['d/real', join(src, 'd/real')],
      ['inside', join(src, 'd/real')],
    ],
  )
  const reasons = Object.fromEntries(skipped.map(({ name, reason }) => [name, reason]))
  assert.deepEqual(reasons, {
    absolute: 'symbolic link out of the folder',
    dangling: 'symbolic link to nothing',
    folder: 'symbolic link to a folder',
    loop: 'symbolic link to nothing',
    out: 'symbolic link out of the folder',
    pipe: 'not a regular file',
  })
})

test('a folder that cannot be looked into is left out with all below it, and the others are found', async () => {
  await using temp = await tempFolder()
  const { dir, src } = temp
  await chmod(dir, 0o755)
  for (const name of ['closed', 'listed', 'open']) {
    await mkdir(join(src, name))
    await writeFile(join(src, name, 'f'), 'x')
  }
  await chmod(join(src, 'closed'), 0)
  await chmod(join(src, 'listed'), 0o444)
  const isRoot = process.getuid?.() === 0
  // Root looks everywhere, so the test is somebody else for a while.
  if (isRoot) process.seteuid?.(65534)
  try {
    const { files, skipped } = await walkFolder(src, '')
    assert.deepEqual(
      files.map(({ name }) => name),
      ['open/f'],
    )
    const reason = 'cannot be read'
    assert.deepEqual(skipped, [
      { name: 'closed/', reason },
      { name: 'listed/f', reason },
    ])
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
})
