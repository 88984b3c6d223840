// Finding real devices: folders filled like the servers that have them.
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Examination, examineHost } from './detect.ts'
import { deviceIdsOf } from './device-ids.ts'
import { parseHccnConf, parseHccnTool } from './hccn.ts'
import { hostFiles } from './host-files.ts'
import {
  LAYOUT_310P,
  LAYOUT_910A,
  LAYOUT_A3,
  type Layout,
  layout910b,
  layoutFolder,
  SHARED_DEV,
} from './layout-fixture.ts'
import { chipOfName, parseNpuInfo, parseNpuMap, parseSuperPod } from './npu-smi.ts'
import { parseNvidiaSmi } from './nvidia.ts'

const FACTS = { id: 'host-0', address: '10.0.0.7', cpuCores: 192, memoryBytes: 2 ** 40 }

async function examined(layout: Layout): Promise<Examination> {
  using folder = layoutFolder(layout)
  return await examineHost(hostFiles(folder.root), FACTS)
}
const idsOf = ({ host }: Examination, healthy = true): number[] =>
  host.devices.filter((device) => device.healthy === healthy).map(({ physicalId }) => physicalId)
const texts = ({ findings }: Examination): string[] => findings.map(({ text }) => text)

test('a 910A server of an old driver is known by its boxes, with the addresses of hccn.conf', async () => {
  const found = await examined(LAYOUT_910A)
  assert.deepEqual([found.host.kind, found.host.chip, found.host.simulated], ['Ascend', '910a', false])
  assert.deepEqual(idsOf(found), [0, 1, 2, 3, 4, 5, 6, 7])
  assert.deepEqual(found.host.devices.map(({ deviceIp }) => deviceIp).slice(3, 5), [
    '192.168.103.13',
    '192.168.100.14',
  ])
  assert.equal(found.found, '8 Ascend 910A (0, 1, 2, 3, 4, 5, 6, 7), 8 with an address, driver 21.0.4')
  assert.deepEqual(found.findings, [])
})

test('on a 910B server no task gets a card that is ill or that its tool does not list, and both are named', async () => {
  const found = await examined(layout910b({ 2: 'Critical', 4: 'Warning' }, [0, 1, 2, 3, 4, 6, 7]))
  assert.equal(found.host.chip, '910b')
  assert.deepEqual(idsOf(found, false), [2, 5])
  assert.deepEqual(texts(found), [
    'device 2 is not well (Critical): no task gets it; see npu-smi info -t health -i 2 -c 0',
    'device 5 is in /dev, but npu-smi does not list it: no task gets it',
  ])
})

test('an A3 server has two devices per card, whose addresses the card is asked for', async () => {
  const found = await examined(LAYOUT_A3)
  assert.equal(found.host.chip, 'a3')
  assert.equal(idsOf(found).length, 16)
  assert.deepEqual(found.host.devices.map(({ deviceIp }) => deviceIp).slice(13), [
    '172.16.0.14',
    '172.16.0.15',
    'fd00::1:f',
  ])
  assert.deepEqual(found.findings, [])
})

test('an A3 server knows its super pod; what an earlier look found out is not asked for again', async () => {
  using folder = layoutFolder(LAYOUT_A3)
  const files = hostFiles(folder.root)
  const first = await examineHost(files, FACTS)
  assert.equal(first.host.superPodId, '3')
  assert.equal(first.host.devices[15]?.superDeviceId, String((1 << 24) + 15))
  assert.match(first.found, /super pod 3/)
  const asked: string[] = []
  const run: typeof files.run = (program, args) => {
    asked.push(args.join(' '))
    return files.run(program, args)
  }
  const second = await examineHost({ ...files, run }, FACTS, first.host)
  assert.deepEqual(second.host, first.host)
  assert.deepEqual(asked, ['info -m', 'info'])
})

test('a die says its id and its super pod, or nothing', () => {
  assert.deepEqual(parseSuperPod(' SDID : 16777216\n Super Pod Size : 384\n Super Pod ID : 0\n'), {
    superDeviceId: '16777216',
    superPodId: '0',
  })
  assert.equal(parseSuperPod('SDID : NA\nSuper Pod ID : 0'), null)
  assert.equal(parseSuperPod(''), null)
})

test('cards for inference need no address', async () => {
  const found = await examined(LAYOUT_310P)
  assert.deepEqual([found.host.chip, idsOf(found).length, texts(found)], ['310p', 4, []])
})

test('missing tools, addresses and device files are named with what to do', async () => {
  const bare = await examined({ dev: ['davinci1', 'davinci0', 'nvidia0', 'vdavinci100'] })
  assert.deepEqual([bare.host.kind, bare.host.chip, idsOf(bare)], ['Ascend', '910b', [0, 1]])
  const [tool = '', address = '', manager = '', virtual = ''] = texts(bare)
  assert.match(tool, /npu-smi does not answer .*taken for 910b/)
  assert.match(address, /device 0, 1: \/etc\/hccn.conf is not there \(in a container: mount it\)/)
  assert.match(manager, /\/dev\/davinci_manager, \/dev\/devmm_svm, \/dev\/hisi_hdc missing/)
  assert.match(virtual, /1 virtual NPUs \(\/dev\/vdavinci100 …\) are not scheduled/)
  const half = layout910b()
  const [one = ''] = texts(await examined({ ...half, files: { '/etc/hccn.conf': 'address_0=1.2.3.4\n' } }))
  assert.match(one, /device 1, 2, 3, 4, 5, 6, 7: \/etc\/hccn.conf does not name them/)
})

test('a tool that fails or hangs up is one that does not answer; one that prints half is believed for that half', async () => {
  using folder = layoutFolder({
    dev: ['davinci0', ...SHARED_DEV],
    files: { '/etc/hccn.conf': 'address_0=1.2.3.4' },
  })
  const path = '/usr/local/bin/npu-smi'
  const ask = async (script: string): Promise<Examination> => {
    mkdirSync(join(folder.root, 'usr/local/bin'), { recursive: true })
    writeFileSync(join(folder.root, path), `#!/bin/sh\n${script}\n`)
    chmodSync(join(folder.root, path), 0o755)
    return await examineHost(hostFiles(folder.root), FACTS)
  }
  for (const script of [
    'exit 1',
    'echo "dcmi model initialized failed, because the device is used. ret is -8020"',
    'kill -9 $$',
  ])
    assert.match(texts(await ask(script))[0] ?? '', /does not answer/, script)
  const half = await ask(
    '[ "$2" = -m ] || exit 1; printf "NPU ID  Chip ID  Chip Logic ID  Chip Name\\n0 0 0 Ascend 910B4\\n"',
  )
  assert.deepEqual([half.host.chip, idsOf(half), texts(half)], ['910b', [0], []])
})

test('a GPU that fell off its bus is passed over; without devices a machine offers its CPU', async () => {
  const found = await examined({
    dev: ['nvidia0', 'nvidia1', 'nvidiactl', 'nvidia-uvm'],
    programs: {
      '/usr/bin/nvidia-smi': {
        '--query-gpu=index,name,driver_version --format=csv,noheader':
          '0, NVIDIA A100-SXM4-80GB, 535.104.05\nUnable to determine the device handle for GPU 0000:65:00.0: GPU is lost.',
      },
    },
  })
  assert.deepEqual([found.host.kind, idsOf(found), idsOf(found, false)], ['GPU', [0], [1]])
  assert.equal(found.found, '2 NVIDIA A100-SXM4-80GB (0, 1), driver 535.104.05')
  const silent = await examined({ dev: ['nvidia0'] })
  assert.deepEqual([idsOf(silent), silent.findings[0]?.severity], [[0], 'note'])
  const cpu = await examined({ dev: ['null'] })
  assert.deepEqual([cpu.host.kind, cpu.host.devices, cpu.found, cpu.findings], ['CPU', [], '', []])
  assert.deepEqual(parseNvidiaSmi('1, A, B, 5\nx'), [{ index: 1, name: 'A, B', driver: '5' }])
})

test('a chip is placed by its generation, whatever the tool calls it', () => {
  const table = {
    '910a': ['910A', 'Ascend 910A', 'Ascend910B', '910ProB', 'Ascend910PremiumA', 'Ascend910'],
    '910b': ['Ascend 910B3', '910B4-1', '910B2C'],
    a3: ['Ascend910_9391', '910C'],
    '310p': ['310P3', 'Ascend 310P1'],
  }
  for (const [chip, names] of Object.entries(table))
    for (const name of names) assert.equal(chipOfName(name, 1), chip, name)
  assert.equal(chipOfName('Ascend910', 2), 'a3')
  for (const name of ['Ascend', '950', '310', 'Mcu', '']) assert.equal(chipOfName(name, 1), null, name)
})

test('what the tools print is read with any blanks, and what is no row is passed over', () => {
  assert.deepEqual(
    parseNpuMap('NPU ID  Chip ID  Chip Logic ID  Chip Name\r\n8 0 0 Ascend 910B\r\n9 0 N/A 910B\n'),
    [{ npuId: 8, chipId: 0, physicalId: 0, name: 'Ascend 910B' }],
  )
  assert.deepEqual(parseNpuMap('0 0 0 Ascend 910B'), [])
  assert.deepEqual(parseNpuInfo('| 5     910B3  | OK |\n+--+\n| 0  | 0000:C1 |\n| 0  | 0000:C1 |'), [
    { npuId: 5, chipId: 0, physicalId: 5, name: '910B3', health: 'OK' },
  ])
  const names = [
    'davinci10',
    'davinci2',
    'davinci_manager',
    'davinci02',
    'davinci',
    'null',
    'nvidia0',
    'nvidiactl',
  ]
  assert.deepEqual(deviceIdsOf(names, 'davinci'), [2, 10])
  assert.deepEqual(deviceIdsOf(names, 'nvidia'), [0])
})

test('hccn.conf and hccn_tool name addresses of both families', () => {
  const text =
    'address_0=192.168.100.101\r\nnetmask_0=255.255.255.0\naddress_1 = fe80::1\n#address_2=1.2.3.4\naddress_x=1.1.1.1\nIPv6address_0=fd00::1\nIPv6address_3=fd00::3/64\n'
  assert.deepEqual(
    [...parseHccnConf(text)].sort(([a], [b]) => a - b),
    [
      [0, '192.168.100.101'],
      [1, 'fe80::1'],
      [3, 'fd00::3'],
    ],
  )
  assert.equal(parseHccnTool('ipaddr:192.168.100.101\nnetmask:255.255.255.0'), '192.168.100.101')
  assert.equal(parseHccnTool('ipv6_addr: fd00::1/64'), 'fd00::1')
  assert.equal(parseHccnTool('[ERROR] the device has no ip'), null)
})
