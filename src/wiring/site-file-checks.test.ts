import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { inventory2x4 } from '../../test/job-builders.ts'
import { ConfigError } from '../config.ts'
import { DEFAULT_SITE } from '../job/site.ts'
import { parseSite } from './site-file.ts'
import { checkSite, describeSite } from './site-file-checks.ts'

let dir = ''
before(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'rwk-')))
  for (const name of ['sets', 'ropeway', 'ropeway/tasks']) mkdirSync(join(dir, name))
  symlinkSync('sets', join(dir, 'link'))
})
after(() => rmSync(dir, { recursive: true }))

const check = (text: string) => {
  const site = parseSite(text.replaceAll('DIR', dir), 's.yaml')
  return checkSite(site, 's.yaml', join(dir, 'ropeway'), inventory2x4)
}

const REFUSED: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ['the data folder', 'volumes: [{host_path: DIR/ropeway}]', /volumes\.0\.host_path: .*the data folder/],
  ['a folder in the data folder', 'volumes: [{host_path: DIR/ropeway/tasks}]', /lies in the data folder/],
  ['a folder around the data folder', 'volumes: [{host_path: DIR}]', /valid: a folder beside it/],
  ['logs into the data folder', 'log_export_paths: [DIR/ropeway]', /log_export_paths\.0: .*the data folder/],
  ['a symbolic link', 'volumes: [{host_path: DIR/link}]', /a symbolic link; valid: ".*\/sets"/],
  [
    'the disk of every /cache',
    'volumes: [{host_path: DIR/sets, read_only: false}]\ncache_dir: DIR/sets/cache',
    /cache_dir: got ".*\/sets\/cache", which is or lies in .*\/sets, a folder of volumes/,
  ],
  [
    'a folder in one that they may write, and could replace',
    'volumes: [{host_path: DIR/sets, read_only: false}, {host_path: DIR/sets/a}]',
    /volumes\.1: got ".*\/sets\/a", which lies in .*\/sets; valid: read_only: true for/,
  ],
]
for (const [what, text, message] of REFUSED)
  test(`a site that lets jobs into ${what} is refused`, () =>
    assert.throws(
      () => check(text),
      (error) => {
        assert.ok(error instanceof ConfigError, String(error))
        assert.match(error.message, message)
        return true
      },
    ))

test('what is not there yet is said, and does not keep the server from starting', () => {
  const { warnings } = check(
    'volumes: [{host_path: DIR/sets}, {host_path: DIR/gone}]\ncache_dir: DIR/nvme\nflavors: {ropeway.cpu.3: {}}',
  )
  assert.match(warnings.join('\n'), /volumes\.1\.host_path: .*\/gone is not there/)
  assert.match(warnings.join('\n'), /cache_dir: .*\/nvme is not there; jobs cannot start/)
  assert.match(warnings.join('\n'), /no flavor "ropeway\.cpu\.3"; the nearest is "ropeway\.cpu\.\d"/)
  assert.equal(warnings.length, 3)
})

test('flavor ids of the documents stand for ours', () => {
  const { site, warnings } = check('flavors: {modelarts.kat1.4xlarge: {shm_size: 1Gi}}')
  assert.deepEqual(warnings, [])
  assert.deepEqual(site.flavors, { 'ropeway.ascend-910a.4': { shmBytes: 2 ** 30 } })
})

test('a pattern is looked up among the device files of this machine', () => {
  const { site } = check('allow: {devices: ["/dev/nul*"]}\ncontainer: {devices: [/dev/zero]}')
  assert.deepEqual(site.deviceFiles, ['/dev/null', '/dev/zero'])
})

test('every default and limit can be read in one line', () => {
  assert.match(
    describeSite(DEFAULT_SITE),
    /^shm half of the memory; at most the memory; CPU at least the flavor's cores; ulimits core=0; allowed none; .*root no; host network no; pull missing/,
  )
})
