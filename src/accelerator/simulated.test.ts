// What --simulate accepts and the hosts it makes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AcceleratorError } from './accelerator-error.ts'
import { parseSimulate, simulatedInventory } from './simulated.ts'

const machine = { cpuCores: 2, memoryBytes: 24 * 2 ** 30 }

test('--simulate reads hosts, devices and chip, and takes 910a when no chip is named', () => {
  assert.deepEqual(parseSimulate('2x4'), { hosts: 2, devicesPerHost: 4, chip: '910a' })
  assert.deepEqual(parseSimulate('1x16:A3'), { hosts: 1, devicesPerHost: 16, chip: 'a3' })
  assert.deepEqual(parseSimulate('1024x32:310p'), { hosts: 1024, devicesPerHost: 32, chip: '310p' })
})

test('a wrong --simulate says which part is wrong and what would be right', () => {
  for (const [text, message] of [
    ['', /HOSTSxDEVICES/],
    ['2', /HOSTSxDEVICES/],
    ['2x4:', /HOSTSxDEVICES/],
    ['-1x4', /HOSTSxDEVICES/],
    ['2x4:h100', /chip: got "h100"; valid: 910a, 910b, a3, 310p/],
    ['0x4', /hosts: got 0; valid: 1 to 1024/],
    ['2000x4', /hosts: got 2000/],
    ['2x0', /devices per host: got 0; valid: 1 to 8/],
    ['2x16', /got 16; valid: 1 to 8 for chip 910a/],
    ['2x17:910b', /got 17; valid: 1 to 16 for chip 910b/],
  ] as const) {
    assert.throws(
      () => parseSimulate(text),
      (error) => error instanceof AcceleratorError && message.test(error.message),
      text,
    )
  }
})

test('simulated hosts have the whole machine each and the classic device address plan', () => {
  const { hosts } = simulatedInventory(parseSimulate('2x8'), machine)
  assert.deepEqual(
    hosts.map((host) => [host.id, host.address, host.cpuCores, host.simulated]),
    [
      ['sim-0', '127.64.0.1', 2, true],
      ['sim-1', '127.64.0.2', 2, true],
    ],
  )
  assert.deepEqual(
    hosts[0]!.devices.map((device) => device.deviceIp),
    [
      '192.168.100.1',
      '192.168.101.1',
      '192.168.102.1',
      '192.168.103.1',
      '192.168.100.2',
      '192.168.101.2',
      '192.168.102.2',
      '192.168.103.2',
    ],
  )
})

test('no two simulated hosts or devices share an address, however many there are', () => {
  for (const spec of ['1024x32:310p', '1024x8', '300x3:910b', '1024x16:a3']) {
    const { hosts } = simulatedInventory(parseSimulate(spec), machine)
    const addresses = hosts.map((host) => host.address)
    const ips = hosts.flatMap((host) => host.devices.map((device) => device.deviceIp))
    assert.equal(new Set(addresses).size, hosts.length)
    assert.equal(new Set(ips).size, ips.length)
    for (const ip of [...addresses, ...ips]) {
      const last = Number(ip.split('.')[3])
      assert.ok(last >= 1 && last <= 254 && Number(ip.split('.')[2]) <= 255, ip)
    }
  }
})
