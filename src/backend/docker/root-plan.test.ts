import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ImageRoot, RootEntry } from './image-root.ts'
import type { DockerRequest } from './plan.ts'
import { planRoot } from './root-plan.ts'

const task = (path: string) => ({ path, mode: 0o755, owner: 'task' }) as const
const TMP = { path: '/tmp', mode: 0o1777, owner: 'root' } as const
const folder = (more: Partial<Extract<RootEntry, { kind: 'folder' }>> = {}): RootEntry => ({
  ...{ kind: 'folder', uid: 0, gid: 0, mode: 0o755, isEmpty: false },
  ...more,
})
const OWN = folder({ uid: 1000, gid: 100 })
const MISSING: RootEntry = { kind: 'missing' }

const request = (
  rootFolders: DockerRequest['rootFolders'],
  more: Partial<Parameters<typeof planRoot>[0]> = {},
) => ({
  ...{ folder: '/srv/t', cache: '/big/t/cache', uid: 1000, gid: 100, rootFolders },
  ...{ accounts: { passwd: ['ma-user:x:1000:100::/home/ma-user:/bin/sh'], group: ['ma-group:x:100:'] } },
  ...more,
})
const image = (entries: Record<string, RootEntry>, more: Partial<ImageRoot> = {}): ImageRoot => ({
  ...{ passwd: 'root:x:0:0::/:\nma-user:x:1000:100::/h:\n', group: 'g:x:100:\n' },
  entries: new Map(Object.entries(entries)),
  ...more,
})

test('what an image has not, or has empty, is mounted with all below it; the engine unpacks nothing', () => {
  const folders = [task('/home/work'), task('/home/work/deep'), task('/data'), TMP, task('/tmp/log')]
  const plan = planRoot(
    request(folders),
    image({
      '/home/work': MISSING,
      '/home/work/deep': MISSING,
      '/data': folder({ isEmpty: true }),
      '/tmp': folder({ isEmpty: true, mode: 0o1777 }),
      '/tmp/log': MISSING,
    }),
    true,
  )
  assert.deepEqual(
    plan.binds.map(({ source, target }) => [source, target]),
    [
      ['/big/t/root/0', '/home/work'],
      ['/big/t/root/1', '/data'],
      ['/big/t/root/2', '/tmp'],
    ],
  )
  assert.deepEqual(
    plan.hostFolders.map(({ path, owner }) => `${path} ${owner}`),
    [
      ...['/big/t/root/0 task', '/big/t/root/0/deep task', '/big/t/root/1 task'],
      ...['/big/t/root/2 server', '/big/t/root/2/log task'],
    ],
  )
  assert.deepEqual([plan.folders, plan.accounts, plan.files], [[], [], []])
})

test('what an image has is never covered: it stays as it is where it suits, and changes its owner where not', () => {
  const folders = [task('/home/ma-user'), task('/home/ma-user/modelarts'), task('/home/work'), task('/data')]
  const plan = planRoot(
    request(folders),
    image({
      '/home/ma-user': OWN,
      '/home/ma-user/modelarts': MISSING,
      '/home/work': folder(),
      '/data': folder({ uid: 7 }),
    }),
    true,
  )
  assert.deepEqual(
    plan.binds.map(({ target }) => target),
    ['/home/ma-user/modelarts'],
  )
  assert.deepEqual(plan.folders, [task('/home/work'), task('/data')])
})

test('a link of the image stays, and the folder it leads to is the one of the task, once', () => {
  const folders = [task('/home/ma-user'), task('/home/work'), task('/home/work/deep'), TMP, task('/tmp/log')]
  const plan = planRoot(
    request(folders),
    image({
      '/home/ma-user': folder(),
      '/home/work': folder({ at: '/home/ma-user' }),
      '/home/work/deep': MISSING,
      '/tmp': folder({ at: '/var/tmp', mode: 0o1777 }),
      '/tmp/log': MISSING,
    }),
    true,
  )
  assert.deepEqual(
    plan.binds.map(({ target }) => target),
    ['/home/ma-user/deep'],
  )
  assert.deepEqual(plan.folders, [task('/home/ma-user'), task('/var/tmp/log')])
})

test('a file of the image in the place of a folder is refused, not replaced', () => {
  assert.throws(
    () => planRoot(request([task('/home/work')]), image({ '/home/work': { kind: 'other' } }), true),
    /something else than a folder at \/home\/work, .*valid: an image with a folder there, a link to one, or nothing/,
  )
})

test('no mount point lies in a /tmp that has something of the image: programs empty that folder', () => {
  const entries = { '/tmp': folder({ mode: 0o1777 }), '/tmp/log': MISSING }
  const plan = planRoot(request([TMP, task('/tmp/log')]), image(entries), true)
  assert.deepEqual([plan.binds, plan.folders], [[], [task('/tmp/log')]])
})

test('names for its uid come in read-only files; for root, who may add users, they are unpacked', () => {
  const bare = image({}, { passwd: 'root:x:0:0::/:\n', group: '' })
  const plan = planRoot(request([]), bare, true)
  assert.deepEqual(plan.binds, [
    { source: '/srv/t/passwd', target: '/etc/passwd', readOnly: true },
    { source: '/srv/t/group', target: '/etc/group', readOnly: true },
  ])
  assert.match(plan.files[0]?.text ?? '', /^root:.*\nma-user:x:1000/)
  const root = planRoot(request([], { uid: 0, gid: 0 }), bare, true)
  assert.deepEqual([root.binds, root.accounts.map(({ name }) => name)], [[], ['passwd', 'group']])
})

test('a passwd that is no plain file is left alone', () => {
  const plan = planRoot(request([]), image({}, { passwd: null }), true)
  assert.deepEqual([plan.binds, plan.accounts], [[], []])
})

test('a server that cannot give its folders away mounts nothing', () => {
  const bare = image({ '/data': MISSING }, { passwd: '' })
  const plan = planRoot(request([task('/data')]), bare, false)
  assert.deepEqual([plan.binds, plan.folders, plan.accounts.length], [[], [task('/data')], 1])
})
