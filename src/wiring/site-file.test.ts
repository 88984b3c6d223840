import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConfigError } from '../config.ts'
import { DEFAULT_SITE } from '../job/site.ts'
import { parseSite, siteFile } from './site-file.ts'

test('an empty file changes nothing', () => {
  assert.deepEqual(parseSite('', 's.yaml'), DEFAULT_SITE)
  assert.deepEqual(parseSite('# nothing\n', 's.yaml'), DEFAULT_SITE)
})

test('the example of the documentation is read, key by key', () => {
  const file = join(import.meta.dirname, '../../docs/site.example.yaml')
  const site = parseSite(readFileSync(file, 'utf8'), file)
  assert.equal(site.container.shmBytes, 16 * 2 ** 30)
  assert.deepEqual(site.container.ulimits, [
    { name: 'memlock', soft: -1, hard: -1 },
    { name: 'nofile', soft: 65536, hard: 65536 },
    { name: 'stack', soft: 64 * 2 ** 20, hard: 64 * 2 ** 20 },
    { name: 'core', soft: 0, hard: 0 },
  ])
  assert.deepEqual(site.flavors, { 'ropeway.ascend-910a.8': { shmBytes: 64 * 2 ** 30 } })
  assert.deepEqual(site.allow.ulimits, { memlock: -1, stack: 2 ** 30 })
  assert.deepEqual(site.volumes, [
    { source: { kind: 'host_path', path: '/data/sets' }, readOnly: true },
    { source: { kind: 'nfs', server: '10.0.0.1', path: '/exports/models' }, readOnly: false },
  ])
  assert.deepEqual(site.disk, {
    ...{ minFreeBytes: 10 * 2 ** 30, logBytes: 200 * 2 ** 30, logDays: 90 },
    ...{ cacheBytes: 500 * 2 ** 30, cacheOver: 'stop', inputBytes: 50 * 2 ** 30 },
    jobLogBytes: 20 * 2 ** 30,
  })
})

test('every key stands in the example', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/site.example.yaml'), 'utf8')
  const { shape } = siteFile
  const sections = [shape.container, shape.allow, shape.docker, shape.disk].map((part) => part.unwrap().shape)
  const keys = [shape, ...sections, { host_path: 0, nfs: 0, read_only: 0 }].flatMap((part) =>
    Object.keys(part),
  )
  const missing = keys.filter((key) => !new RegExp(`^[ -]*${key}:`, 'm').test(text))
  assert.deepEqual(missing, [])
})

test('cores are never dumped unless the file says so', () => {
  assert.deepEqual(parseSite('container: {ulimits: {nofile: 1024}}', 's.yaml').container.ulimits, [
    { name: 'core', soft: 0, hard: 0 },
    { name: 'nofile', soft: 1024, hard: 1024 },
  ])
})

const BAD: readonly (readonly [string, string, RegExp])[] = [
  [
    'a misspelt key',
    'container:\n  shm_sise: 8Gi\n',
    /s\.yaml:2: container\.shm_sise is unknown; did you mean "shm_size"\?/,
  ],
  ['an unknown section', 'conteiner: {}\n', /s\.yaml:1: conteiner is unknown; did you mean "container"\?/],
  [
    'a size that is none',
    'container:\n  shm_size: big\n',
    /s\.yaml:2: container\.shm_size: got "big"; must be a size/,
  ],
  [
    'a limit that is none',
    'container:\n  ulimits:\n    nofiles: 3\n',
    /s\.yaml:3: container\.ulimits\.nofiles: .*valid: core, /,
  ],
  ['soft above hard', 'container: {ulimits: {stack: "8Mi:4Mi"}}', /soft not above hard/],
  ['a policy nobody knows', 'pull_policy: often\n', /s\.yaml:1: pull_policy: got "often";.*always/],
  [
    'a relative folder',
    'volumes:\n  - host_path: data\n',
    /s\.yaml:2: volumes\.0\.host_path: got "data"; must be an absolute path/,
  ],
  [
    'a range that is none',
    'docker: {network_range: 10.0.0.0}',
    /network_range: got "10\.0\.0\.0"; must be an IPv4 range/,
  ],
  ['YAML that is none', 'a: [1\n', /s\.yaml: /],
  ['the whole machine', 'volumes:\n  - host_path: /\n', /volumes\.0\.host_path: got "\/"/],
  ['a misspelt kind of volume', 'volumes:\n  - hostpath: /x\n', /s\.yaml:2: .*did you mean "host_path"\?/],
  ['a volume of no kind', 'volumes: [{read_only: true}]', /must have either host_path or nfs/],
  ['every capability at once', 'allow: {capabilities: [CAP_ALL]}', /got "CAP_ALL"; must be the name of one/],
  ['shared memory of less than Docker gives', 'container: {shm_size: 0}', /got 0; must be at least 64Mi/],
  ['root as everybody’s user where root is not allowed', 'run_user: 0', /run_user: got 0; .*allow\.root/],
  ['a user by name', 'run_user: work', /run_user: got "work"; must be a uid/],
  ['a list instead of a map', '- 1\n', /s\.yaml/],
]
for (const [what, text, message] of BAD)
  test(`${what} is refused with file, line, key and what is valid`, () =>
    assert.throws(
      () => parseSite(text, 's.yaml'),
      (error) => {
        assert.ok(error instanceof ConfigError)
        assert.match(error.message, /^--site: /)
        assert.match(error.message, message)
        return true
      },
    ))
