// Finding real devices from /dev and /etc/hccn.conf.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { detectHost, deviceIdsOf, type HostFiles, parseHccnConf } from './detect.ts'
import { hostFiles } from './host-files.ts'

const facts = { id: 'host-0', address: '10.0.0.7', cpuCores: 192, memoryBytes: 2 ** 40 }
const machine = (dev: string[], hccn: string | null = null): HostFiles => ({
  listNames: async (folder) => (folder === '/dev' ? dev : []),
  readText: async (path) => (path === '/etc/hccn.conf' ? hccn : null),
})

test('device files are counted by number, and control nodes are not devices', () => {
  const names = [
    'davinci10',
    'davinci2',
    'davinci_manager',
    'davinci02',
    'davinci',
    'null',
    'nvidia0',
    'nvidiactl',
    'nvidia-uvm',
  ]
  assert.deepEqual(deviceIdsOf(names, 'davinci'), [2, 10])
  assert.deepEqual(deviceIdsOf(names, 'nvidia'), [0])
})

test('hccn.conf gives each device its address and other lines are passed over', () => {
  const text =
    'address_0=192.168.100.101\r\nnetmask_0=255.255.255.0\naddress_1 = fe80::1\n#address_2=1.2.3.4\naddress_x=1.1.1.1\n'
  assert.deepEqual(
    [...parseHccnConf(text)],
    [
      [0, '192.168.100.101'],
      [1, 'fe80::1'],
    ],
  )
})

test('a machine with davinci devices is an Ascend host, 910b unless told otherwise', async () => {
  const files = machine(['davinci1', 'davinci0', 'nvidia0'], 'address_0=192.168.100.101\n')
  const host = await detectHost(files, facts)
  assert.equal(host.kind, 'Ascend')
  assert.equal(host.chip, '910b')
  assert.equal(host.simulated, false)
  assert.deepEqual(host.devices, [
    { physicalId: 0, deviceIp: '192.168.100.101', healthy: true },
    { physicalId: 1, deviceIp: '', healthy: true },
  ])
  assert.equal((await detectHost(files, facts, '910a')).chip, '910a')
})

test('without Ascend devices a machine is a GPU host, and without any a CPU host', async () => {
  const gpu = await detectHost(machine(['nvidia0', 'nvidia1', 'nvidiactl']), facts)
  assert.deepEqual([gpu.kind, gpu.chip, gpu.devices.length], ['GPU', null, 2])
  const cpu = await detectHost(machine(['null']), facts)
  assert.deepEqual([cpu.kind, cpu.chip, cpu.devices.length, cpu.cpuCores], ['CPU', null, 0, 192])
})

test('the real reader answers emptily for what is not there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'detect-'))
  try {
    await writeFile(join(folder, 'davinci3'), 'x')
    assert.deepEqual(await hostFiles.listNames(folder), ['davinci3'])
    assert.equal(await hostFiles.readText(join(folder, 'davinci3')), 'x')
    assert.deepEqual(await hostFiles.listNames(join(folder, 'none')), [])
    assert.equal(await hostFiles.readText(folder), null)
  } finally {
    await rm(folder, { recursive: true })
  }
})
