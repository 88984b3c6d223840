// An image that every rule is content with, to be changed one fact at a time.
import type { FileFacts, ImageConfig, ImageFacts, Program } from './facts.ts'

const nothing = { count: 0, first: [] }

export const program = (path: string, more: Partial<Program> = {}): Program => ({
  path,
  target: path,
  machine: 'amd64',
  closedTo: [],
  ...more,
})

const FILES: FileFacts = {
  stoppedBecause: null,
  entries: 100,
  bytes: 1000,
  accounts: [
    { name: 'root', uid: 0, gid: 0, home: '/root' },
    { name: 'work', uid: 1101, gid: 1101, home: '/home/work' },
    { name: 'ma-user', uid: 1000, gid: 100, home: '/home/ma-user' },
  ],
  groups: [{ name: 'ma-group', gid: 100 }],
  system: 'Debian GNU/Linux 12 (bookworm)',
  libc: ['glibc'],
  bash: program('/bin/bash'),
  sh: program('/bin/sh'),
  pythons: [{ ...program('/usr/bin/python', { target: '/usr/bin/python3.11' }), version: '3.11' }],
  pip: null,
  condas: [],
  homeWork: { path: '/home/work', mode: 0o755, uid: 1101, gid: 1101 },
  homeMaUser: { path: '/home/ma-user', mode: 0o755, uid: 1000, gid: 100 },
  tmp: { path: '/tmp', mode: 0o1777, uid: 0, gid: 0 },
  unreadable: { work: nothing, maUser: nothing },
  runTrain: null,
  platformTools: [],
  moxing: [],
  packages: [],
  cann: [],
  ascendDriver: { files: 0, version: null },
  gpuDriver: nothing,
  nvidiaMount: 0,
  setuidRoot: nothing,
  setuidOther: nothing,
  worldWritable: nothing,
  ownedBy1000: 0,
  ownedBy1101: 0,
  missingPreloads: [],
}

const CONFIG: ImageConfig = {
  user: 'ma-user',
  entrypoint: [],
  cmd: [],
  env: ['PYTHONUNBUFFERED=1'],
  workingDir: '/home/ma-user',
  architecture: 'amd64',
  os: 'linux',
  sizeBytes: 1e9,
  layers: 3,
  created: '2026-01-01T00:00:00Z',
  labels: {},
}

export const imageFacts = (
  files: Partial<FileFacts> = {},
  config: Partial<ImageConfig> = {},
  machine = 'amd64',
): ImageFacts => ({
  id: `sha256:${'a'.repeat(64)}`,
  digest: `sha256:${'b'.repeat(64)}`,
  config: { ...CONFIG, ...config },
  files: { ...FILES, ...files },
  machine,
})
