import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FileFacts } from './facts.ts'
import { type Entry, FileScan, type ScanLimits } from './file-scan.ts'

type Given = Partial<Entry> & { readonly name: string; readonly text?: string | Uint8Array }

const folder = (name: string, more: Partial<Entry> = {}): Given => ({
  name: `${name}/`,
  kind: 'folder',
  mode: 0o755,
  ...more,
})
const link = (name: string, target: string): Given => ({ name, kind: 'link', mode: 0o777, target })
const program = (name: string, more: Partial<Given> = {}): Given => ({
  name,
  mode: 0o755,
  text: '#!',
  ...more,
})
/** The first bytes of an ELF file. */
const elf = (machine: number, bigEndian = false): Uint8Array => {
  const head = new Uint8Array(64)
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, bigEndian ? 2 : 1])
  head.set(bigEndian ? [0, machine] : [machine, 0], 18)
  return head
}

function scanOf(entries: readonly Given[], env: readonly string[] = [], limits?: ScanLimits): FileFacts {
  const scan = new FileScan({ env }, limits)
  for (const { text = '', ...entry } of entries) {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text
    const wanted = scan.see({
      kind: 'file',
      mode: 0o644,
      uid: 0,
      gid: 0,
      sizeBytes: bytes.length,
      target: '',
      ...entry,
    })
    if (wanted > 0) scan.content(bytes.subarray(0, wanted))
  }
  return scan.facts()
}

test('shells and Python are found through links of every kind, and their machine is read', () => {
  const facts = scanOf([
    link('bin', 'usr/bin'),
    folder('usr/bin'),
    link('usr/bin/sh', 'dash'),
    program('usr/bin/dash', { text: elf(62) }),
    program('usr/bin/[', { text: elf(183) }),
    { name: 'usr/bin/bash', kind: 'hard-link', mode: 0o755, target: 'usr/bin/[' },
    link('usr/bin/python', '/etc/alternatives/python'),
    link('etc/alternatives/python', '../../usr/bin/python3'),
    link('usr/bin/python3', 'python3.11'),
    program('usr/bin/python3.11', { text: elf(22, true) }),
    program('usr/bin/pip3'),
  ])
  assert.deepEqual(facts.sh, { path: '/bin/sh', target: '/usr/bin/dash', machine: 'amd64', closedTo: [] })
  assert.deepEqual([facts.bash?.target, facts.bash?.machine], ['/usr/bin/[', 'arm64'])
  assert.deepEqual(
    facts.pythons.map(({ path, target, version, machine }) => [path, target, version, machine]),
    [
      ['/usr/bin/python', '/usr/bin/python3.11', '3.11', 's390x'],
      ['/usr/bin/python3', '/usr/bin/python3.11', '3.11', 's390x'],
    ],
  )
  assert.equal(facts.pip, '/usr/bin/pip3')
})

test('links that lead in a circle, out of the image or nowhere are no programs', () => {
  const facts = scanOf([
    link('bin/sh', 'bash'),
    link('bin/bash', '/bin/sh'),
    link('usr/bin/python', '../../../../../../opt/python'),
    link('usr/bin/python3', '/no/such'),
    link('a', 'b'),
    link('b', 'a'),
  ])
  assert.deepEqual([facts.sh, facts.bash, facts.pythons], [null, null, []])
})

test('Python of PATH comes first, tells its version by its library, and who may not start it', () => {
  const facts = scanOf(
    [
      folder('root', { mode: 0o700 }),
      folder('root/conda/lib/python3.9'),
      { name: 'root/conda/conda-meta/history' },
      program('root/conda/bin/python'),
      program('opt/tools/python3', { mode: 0o750, gid: 100 }),
      program('usr/bin/python3'),
    ],
    ['PATH=/root/conda/bin/:relative:/opt/tools:/usr/bin'],
  )
  assert.deepEqual(
    facts.pythons.map(({ path, version, closedTo }) => [path, version, closedTo]),
    [
      ['/root/conda/bin/python', '3.9', [1101, 1000]],
      ['/opt/tools/python3', null, [1101]],
    ],
  )
  assert.deepEqual(facts.condas, ['/root/conda'])
})

test('accounts, homes and what their users cannot read', () => {
  const facts = scanOf([
    {
      name: 'etc/passwd',
      text: 'root:x:0:0:root:/root:/bin/sh\nwork:x:1101:1101::/home/work:\nbroken\nx:x:-1:y::\n',
    },
    { name: './etc/group', text: 'ma-group:x:100:\n' },
    { name: 'usr/lib/os-release', text: 'NAME=x\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n' },
    folder('home/work', { uid: 1101, gid: 1101 }),
    folder('home/work/closed', { mode: 0o700 }),
    { name: 'home/work/open', text: 'x' },
    folder('home/ma-user', { uid: 1000, gid: 100, mode: 0o750 }),
    { name: 'home/ma-user/group', mode: 0o640, gid: 100 },
    { name: 'home/ma-user/closed', mode: 0o640 },
    folder('tmp', { mode: 0o1777 }),
    folder('data', { mode: 0o777 }),
  ])
  assert.deepEqual(
    facts.accounts.map(({ name, uid, gid, home }) => [name, uid, gid, home]),
    [
      ['root', 0, 0, '/root'],
      ['work', 1101, 1101, '/home/work'],
    ],
  )
  assert.deepEqual(facts.groups, [{ name: 'ma-group', gid: 100 }])
  assert.equal(facts.system, 'Debian GNU/Linux 12 (bookworm)')
  assert.deepEqual([facts.homeWork?.uid, facts.homeMaUser?.mode, facts.tmp?.mode], [1101, 0o750, 0o1777])
  assert.deepEqual(facts.unreadable.work, { count: 1, first: ['/home/work/closed'] })
  assert.deepEqual(facts.unreadable.maUser, { count: 1, first: ['/home/ma-user/closed'] })
  assert.deepEqual(facts.worldWritable, { count: 1, first: ['/data'] })
  assert.deepEqual([facts.ownedBy1101, facts.ownedBy1000], [1, 1])
})

test('set-uid files are told by owner, and folders do not count', () => {
  const facts = scanOf([
    program('bin/su', { mode: 0o4755 }),
    program('bin/chage', { mode: 0o2755, gid: 42 }),
    program('bin/mine', { mode: 0o4755, uid: 1000 }),
    folder('var/mail', { mode: 0o2775 }),
  ])
  assert.deepEqual(
    facts.setuidRoot.first.map(({ path, mode }) => [path, mode]),
    [
      ['/bin/su', 0o4755],
      ['/bin/chage', 0o2755],
    ],
  )
  assert.deepEqual([facts.setuidRoot.count, facts.setuidOther.count], [2, 1])
})

test('drivers are told from stubs, links and empty files', () => {
  const facts = scanOf([
    { name: 'usr/lib/x86_64-linux-gnu/libcuda.so.535.104.05', text: 'x' },
    { name: 'usr/bin/nvidia-smi', text: 'x' },
    { name: 'lib/modules/6.1/nvidia-uvm.ko.xz', text: 'x' },
    { name: 'usr/lib/libnvidia-ml.so.1' },
    { name: 'usr/local/cuda-11.8/targets/lib/stubs/libcuda.so.1', text: 'x' },
    { name: 'usr/local/cuda-11.8/compat/libcuda.so.520.61', text: 'x' },
    { name: 'usr/lib/libnvidia-container.so.1', text: 'x' },
    { name: 'usr/local/nvidia/lib64/mine', text: 'x' },
    { name: 'usr/local/Ascend/driver/version.info', text: 'Version=20.1.0\nascendhal_version=4\n' },
    { name: 'usr/local/Ascend/driver/lib64/libascend_hal.so', text: 'x' },
  ])
  assert.deepEqual(facts.gpuDriver, {
    count: 3,
    first: [
      '/usr/lib/x86_64-linux-gnu/libcuda.so.535.104.05',
      '/usr/bin/nvidia-smi',
      '/lib/modules/6.1/nvidia-uvm.ko.xz',
    ],
  })
  assert.equal(facts.nvidiaMount, 1)
  assert.deepEqual(facts.ascendDriver, { files: 2, version: '20.1.0' })
  assert.deepEqual(facts.cann, [])
})

test('CANN says its version itself, by its folder, or by a part of it', () => {
  const facts = scanOf([
    {
      name: 'usr/local/Ascend/ascend-toolkit/8.0.RC1/aarch64-linux/ascend_toolkit_install.info',
      text: 'package_name=Ascend-cann-toolkit\nversion=8.0.RC1\ninnerversion=V100\narch=aarch64\nos=linux\n',
    },
    { name: 'usr/local/Ascend/ascend-toolkit/8.0.RC1/compiler/version.info', text: 'Version=7.3.0.1.231\n' },
    { name: 'usr/local/Ascend/ascend-toolkit/latest/version.info', text: 'Version=1\n' },
    { name: 'usr/local/Ascend/nnrt/7.0.0/runtime/version.info', text: 'Version=9\n' },
    { name: 'home/ma-user/Ascend/tfplugin/version.info', text: 'version=[6.3.1]\n' },
    { name: 'usr/local/Ascend/firmware/version.info', text: 'Version=1\n' },
    { name: 'usr/local/Ascend/nothing/version.info', text: 'no version here\n' },
  ])
  assert.deepEqual(
    facts.cann.map(({ component, version, machine }) => [component, version, machine]),
    [
      ['ascend-toolkit', '8.0.RC1', 'arm64'],
      ['nnrt', '7.0.0', null],
      ['tfplugin', '6.3.1', null],
    ],
  )
})

test('packages, MoXing, C libraries, run_train.sh and its tools', () => {
  const site = 'usr/lib/python3.9/site-packages'
  const facts = scanOf([
    { name: `${site}/torch-2.1.0+cpu.dist-info/METADATA` },
    folder(`${site}/torch_npu-2.1.0.post3.dist-info`),
    { name: 'usr/lib/python3/dist-packages/mindspore-2.2-py3.9.egg-info' },
    { name: `${site}/numpy-1.0.dist-info/METADATA` },
    { name: `${site}/moxing/__init__.py` },
    { name: 'lib/ld-musl-x86_64.so.1' },
    link('lib64/ld-linux-x86-64.so.2', '../lib/x86_64-linux-gnu/ld-2.31.so'),
    { name: 'home/work/run_train.sh', text: '#!/bin/bash\r\necho\r\n', mode: 0o755, uid: 1101 },
    { name: 'home/work/utils.sh' },
    { name: 'opt/utils.sh' },
  ])
  assert.deepEqual(
    facts.packages.map(({ name, version }) => [name, version]),
    [
      ['torch', '2.1.0+cpu'],
      ['torch_npu', '2.1.0.post3'],
      ['mindspore', '2.2'],
    ],
  )
  assert.deepEqual(facts.moxing, [`/${site}/moxing`])
  assert.deepEqual(facts.libc, ['glibc', 'musl'])
  assert.deepEqual(facts.runTrain, {
    path: '/home/work/run_train.sh',
    mode: 0o755,
    uid: 1101,
    gid: 0,
    hasCarriageReturns: true,
  })
  assert.deepEqual(facts.platformTools, ['utils.sh'])
})

test('what LD_PRELOAD names is looked for, also behind a link', () => {
  const env = ['LD_PRELOAD=/lib/a.so:/usr/lib/b.so /opt/c.so $LIB/d.so']
  const facts = scanOf([link('lib', 'usr/lib'), { name: 'usr/lib/b.so' }], env)
  assert.deepEqual(facts.missingPreloads, ['/opt/c.so'])
})

test('names that no file can have are passed over', () => {
  const facts = scanOf([
    program('../bin/bash'),
    program('bin/../../bin/sh'),
    program('bin/\0sh'),
    program(`bin/${'x'.repeat(5000)}`),
    folder('.'),
    { name: '', kind: 'other' },
  ])
  assert.deepEqual([facts.entries, facts.bash, facts.sh], [6, null, null])
})

test('a scan has enough after so many files or bytes, and says why', () => {
  const files = [
    { name: 'a', text: 'aaaa' },
    { name: 'b', text: 'bbbb' },
  ]
  assert.match(scanOf(files, [], { entries: 1, bytes: 100 }).stoppedBecause ?? '', /more than 1 files/)
  assert.match(scanOf(files, [], { entries: 9, bytes: 7 }).stoppedBecause ?? '', /larger than/)
  assert.equal(scanOf(files, [], { entries: 2, bytes: 8 }).stoppedBecause, null)
})
