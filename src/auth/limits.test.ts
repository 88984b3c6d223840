// What slows callers down.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { LoginThrottle } from './login-throttle.ts'
import { RateLimiter } from './rate-limit.ts'

test('a burst passes, then as many as the rate says, each name by itself', () => {
  const limiter = new RateLimiter({ perSecond: 10, burst: 3 })
  const take = (name: string, atMs: number) => limiter.take(name, atMs)
  assert.deepEqual([take('a', 0), take('a', 0), take('a', 0), take('a', 0)], [0, 0, 0, 100])
  assert.equal(take('b', 0), 0)
  assert.equal(take('a', 99), 1)
  assert.equal(take('a', 100), 0)
  assert.equal(take('a', 100), 100)
})

test('a clock that goes back gives nothing and takes nothing', () => {
  const limiter = new RateLimiter({ perSecond: 1, burst: 1 })
  assert.equal(limiter.take('a', 10_000), 0)
  assert.equal(limiter.take('a', 0), 1_000)
})

test('names that rest are forgotten', () => {
  const limiter = new RateLimiter({ perSecond: 100, burst: 2 })
  for (let n = 0; n < 50_000; n++) limiter.take(`name-${n}`, n)
  assert.ok(limiter.size < 100, String(limiter.size))
})

test('memory has an end: past it who has rested longest is forgotten, and who is at work is not', () => {
  const limiter = new RateLimiter({ perSecond: 0.001, burst: 2 }, 1_000)
  assert.deepEqual([limiter.take('busy', 0), limiter.take('busy', 0)], [0, 0])
  for (let n = 1; n <= 50_000; n++) {
    limiter.take(`name-${n}`, n)
    if (n % 500 === 0) assert.ok(limiter.take('busy', n) > 0)
  }
  assert.equal(limiter.size, 1_000)
})

test('a name of any length takes the same room', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const used = (): number => {
    collect()
    return process.memoryUsage().heapUsed
  }
  const before = used()
  const limiter = new RateLimiter({ perSecond: 0.001, burst: 2 })
  for (let n = 0; n < 1_000; n++) limiter.take(`${n}${'x'.repeat(60_000)}`, 0)
  const kept = used() - before
  assert.equal(limiter.size, 1_000)
  assert.ok(kept < 5e6, `${kept} bytes`)
})

test('ten wrong passwords of one name from one address, then one a minute; others are not slowed down', () => {
  const throttle = new LoginThrottle()
  for (let n = 0; n < 10; n++) assert.equal(throttle.begin('ann', 'a', 0), 0)
  assert.equal(throttle.begin('ann', 'a', 0), 60_000)
  assert.equal(throttle.begin('ann', 'b', 0), 0)
  assert.equal(throttle.begin('bob', 'a', 0), 0)
  assert.equal(throttle.begin('ann', 'a', 60_000), 0)
})

test('right passwords are not counted', () => {
  const throttle = new LoginThrottle()
  for (let n = 0; n < 1_000; n++) {
    assert.equal(throttle.begin('ann', 'a', 0), 0)
    throttle.succeed('ann', 'a')
  }
})

test('who guesses at many names, or from many addresses, is slowed down too', () => {
  const one = new LoginThrottle()
  for (let n = 0; n < 100; n++) assert.equal(one.begin(`name-${n}`, 'a', 0), 0)
  assert.equal(one.begin('name-100', 'a', 0), 10_000)
  const many = new LoginThrottle()
  for (let n = 0; n < 100; n++) assert.equal(many.begin('ann', `address-${n}`, 0), 0)
  assert.equal(many.begin('ann', 'address-100', 0), 10_000)
})

test('who is slowed down by the address leaves no names behind', () => {
  const throttle = new LoginThrottle()
  for (let n = 0; n < 50_000; n++) throttle.begin(`name-${n}`, 'a', 0)
  assert.deepEqual(throttle.sizes, { pairs: 100, names: 100, addresses: 1 })
})

test('one who tries one name on and on does not shut out others behind the same address', () => {
  const throttle = new LoginThrottle()
  for (let n = 0; n < 1_000; n++) throttle.begin('ann', 'a', 0)
  assert.equal(throttle.begin('bob', 'a', 0), 0)
})

test('a network of IPv6 is one address, however it is spelt; its neighbour is another', () => {
  const throttle = new LoginThrottle()
  const spelt = (n: number) => [`2001:db8::${n.toString(16)}`, `2001:0db8:0:0:${n.toString(16)}::1`][n % 2]
  for (let n = 0; n < 100; n++) assert.equal(throttle.begin(`name-${n}`, spelt(n) ?? '', 0), 0)
  assert.equal(throttle.begin('name-100', '2001:db8::ffff:1', 0), 10_000)
  assert.equal(throttle.begin('name-101', '2001:db8:0:1::1', 0), 0)
})
