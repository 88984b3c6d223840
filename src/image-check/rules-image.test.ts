import { program } from './facts-fixture.ts'
import { type RuleCase, testRules } from './rule-cases-fixture.ts'
import {
  architecture,
  complete,
  entrypoint,
  environment,
  size,
  unbuffered,
  user,
  workingDir,
} from './rules-image.ts'

const toolkit = (version: string, machine: string | null = null) => ({
  component: 'ascend-toolkit',
  version,
  machine,
  path: '/usr/local/Ascend/ascend-toolkit',
})

const CASES: readonly RuleCase[] = [
  {
    rule: 'complete',
    what: 'an image that was cut off',
    files: { stoppedBecause: 'it is endless' },
    says: [['here', 'warning', /Not all .*it is endless/]],
  },
  {
    rule: 'architecture',
    what: 'an image of another machine',
    machine: 'arm64',
    says: [['here', 'error', /for amd64; this machine is arm64/]],
  },
  {
    rule: 'architecture',
    what: 'an image of another system',
    config: { os: 'windows' },
    says: [['here', 'error', /windows/]],
  },
  {
    rule: 'architecture',
    what: 'an image that names the wrong machine',
    files: { bash: program('/bin/bash', { machine: 'arm64' }) },
    says: [['here', 'error', /says amd64, but \/bin\/bash is a program for arm64/]],
  },
  {
    rule: 'architecture',
    what: 'CANN for amd64',
    files: { cann: [toolkit('8.0.0')] },
    says: [
      ['here', 'ok', /amd64/],
      ['modelarts-1', 'warning', /aarch64/],
    ],
  },
  {
    rule: 'size',
    what: '1 GB',
    says: [
      ['here', 'ok', /954.*|0\.9 GiB in 3 layers/],
      ['modelarts-1', 'ok', /9\.5 GB/],
      ['modelarts-2', 'ok', /30 GB/],
    ],
  },
  {
    rule: 'size',
    what: '9.8e9 bytes, which is 9.13 GiB',
    config: { sizeBytes: 9.8e9 },
    says: [
      ['here', 'ok', /GiB/],
      ['modelarts-1', 'warning', /close to it/],
      ['modelarts-2', 'ok', /GiB/],
    ],
  },
  {
    rule: 'size',
    what: '16 GiB in one layer',
    config: { sizeBytes: 16 * 2 ** 30, layers: 1 },
    says: [
      ['here', 'ok', /1 layer;/],
      ['modelarts-1', 'error', /9\.5 GB/],
      ['modelarts-2', 'warning', /15 GB are advised/],
    ],
  },
  {
    rule: 'size',
    what: '33 GiB',
    config: { sizeBytes: 33 * 2 ** 30 },
    says: [
      ['here', 'ok', /GiB/],
      ['modelarts-1', 'error', /9\.5 GB/],
      ['modelarts-2', 'error', /ModelArts\.2845/],
    ],
  },
  {
    rule: 'user',
    what: 'ma-user',
    says: [
      ['here', 'ok', /not used.*root is not allowed/],
      ['modelarts-2', 'ok', /uid 1000/],
    ],
  },
  {
    rule: 'user',
    what: 'no USER',
    config: { user: '' },
    allowRoot: true,
    says: [
      ['here', 'ok', /run_user 0 makes it root/],
      ['modelarts-2', 'warning', /uid 0 .*ModelArts\.2855/],
    ],
  },
  {
    rule: 'user',
    what: 'a number with a group',
    config: { user: '1000:100' },
    says: [
      ['here', 'ok', /not used/],
      ['modelarts-2', 'ok', /1000/],
    ],
  },
  {
    rule: 'user',
    what: 'a name without account',
    config: { user: 'nobody-here' },
    says: [
      ['here', 'ok', /not used/],
      ['modelarts-2', 'warning', /no line/],
    ],
  },
  {
    rule: 'user',
    what: 'a uid above 1000',
    config: { user: '4242' },
    says: [
      ['here', 'ok', /./],
      ['modelarts-2', 'warning', /uid 4242 and not 1000 \(ma-user\)$/],
    ],
  },
  {
    rule: 'entrypoint',
    what: 'an entrypoint',
    config: { entrypoint: ['/bin/entry', '-x'] },
    says: [['here', 'warning', /\/bin\/entry -x\) is not run/]],
  },
  { rule: 'entrypoint', what: 'a CMD alone', config: { cmd: ['python'] }, says: [['here', 'ok', /CMD/]] },
  {
    rule: 'working-dir',
    what: 'a WORKDIR',
    config: { workingDir: '/app' },
    says: [
      ['here', 'warning', /WORKDIR \/app is not used/],
      ['modelarts-2', 'warning', /\/app/],
    ],
  },
  {
    rule: 'working-dir',
    what: 'the home as WORKDIR',
    config: { workingDir: '/home/work/' },
    says: [['here', 'ok', /home\/work/]],
  },
  {
    rule: 'environment',
    what: 'variables that steer a runtime, and one of the platform',
    config: { env: ['LD_LIBRARY_PATH=/x', 'NODE_OPTIONS=--y', 'SSL_CERT_FILE=/z', 'MA_MINE=1', 'A=b'] },
    says: [
      ['here', 'ok', /LD_LIBRARY_PATH, NODE_OPTIONS, SSL_CERT_FILE: kept from our runtime/],
      ['modelarts-2', 'warning', /MA_MINE/],
    ],
  },
  {
    rule: 'environment',
    what: 'a preload that is not there',
    files: { missingPreloads: ['/no/such.so'] },
    says: [
      ['here', 'warning', /\/no\/such\.so/],
      ['modelarts-2', 'ok', /./],
    ],
  },
  {
    rule: 'unbuffered',
    what: 'PYTHONUNBUFFERED',
    says: [
      ['here', 'ok', /set/],
      ['modelarts-1', 'ok', /set/],
      ['modelarts-2', 'ok', /set/],
    ],
  },
  {
    rule: 'unbuffered',
    what: 'no PYTHONUNBUFFERED',
    config: { env: [] },
    says: [
      ['here', 'ok', /by Ropeway/],
      ['modelarts-1', 'warning', /late/],
      ['modelarts-2', 'warning', /late/],
    ],
  },
  { rule: 'unbuffered', what: 'no Python', config: { env: [] }, files: { pythons: [] }, says: [] },
]

testRules([architecture, complete, entrypoint, environment, size, unbuffered, user, workingDir], CASES)
