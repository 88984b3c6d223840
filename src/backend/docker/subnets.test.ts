import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  contains,
  firstFree,
  formatSubnet,
  gatewayOf,
  parseSubnet,
  prefixFor,
  taskAddresses,
} from './subnets.ts'

const subnet = (text: string) => parseSubnet(text) ?? assert.fail(text)

test('a subnet is read, its host bits are cut off, and nonsense is none', () => {
  assert.equal(formatSubnet(subnet('10.212.77.5/16')), '10.212.0.0/16')
  assert.equal(formatSubnet(subnet('255.255.255.255/32')), '255.255.255.255/32')
  for (const text of ['10.0.0.0', '10.0.0.256/8', '10.0.0.0/33', 'fd00::/64', ''])
    assert.equal(parseSubnet(text), null)
})

for (const [tasks, prefix] of [
  [1, 29],
  [5, 29],
  [6, 28],
  [13, 28],
  [14, 27],
  [1021, 22],
  [1024, 21],
] as const)
  test(`${tasks} tasks fit into a /${prefix}, each with an address of its own`, () => {
    assert.equal(prefixFor(tasks), prefix)
    const addresses = [...taskAddresses(subnet(`10.0.0.0/${prefix}`))]
    assert.ok(addresses.length >= tasks)
    assert.equal(addresses[0], '10.0.0.2')
    assert.ok(!addresses.includes(gatewayOf(subnet(`10.0.0.0/${prefix}`))))
  })

test('the first piece that nobody has is taken, large or small neighbours alike', () => {
  const range = subnet('10.212.0.0/16')
  const free = (prefix: number, ...taken: string[]) => {
    const found = firstFree(range, prefix, taken.map(subnet))
    return found === null ? null : formatSubnet(found)
  }
  assert.equal(free(29), '10.212.0.0/29')
  assert.equal(free(29, '10.212.0.0/22'), '10.212.4.0/29')
  assert.equal(free(22, '10.212.0.8/29', '10.212.4.0/30'), '10.212.8.0/22')
  assert.equal(free(29, '10.0.0.0/8'), null)
  assert.equal(free(8), null)
})

test('an address is found in its subnet only', () => {
  assert.ok(contains(subnet('10.212.4.0/29'), '10.212.4.7'))
  assert.ok(!contains(subnet('10.212.4.0/29'), '10.212.4.8'))
  assert.ok(!contains(subnet('10.212.4.0/29'), 'fd00::1'))
})
