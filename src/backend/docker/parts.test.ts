import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accountsOf, withAccounts } from '../accounts.ts'
import { memoryGroupOf } from '../memory-group.ts'
import { look, parseLimits, wordsOf } from './engine.ts'
import { listenersOf } from './engine-restart.ts'
import { parkedEnvironment } from './environment.ts'
import { findOom } from './kernel-log.ts'
import { parseRoutes } from './networks.ts'
import { formatSubnet } from './subnets.ts'

test("what steers a loader, Node or OpenSSL is parked, and the image's own name is taken away", () => {
  const image = ['PATH=/bin', 'LD_PRELOAD=/a=b.so', 'NODE_OPTIONS=', 'SSL_CERT_FILE=/c', 'LDFLAGS=-x']
  assert.deepEqual(parkedEnvironment(image, true), [
    ...['LD_PRELOAD', 'ROPEWAY_USER_LD_PRELOAD=/a=b.so', 'NODE_OPTIONS', 'ROPEWAY_USER_NODE_OPTIONS='],
    ...['SSL_CERT_FILE', 'ROPEWAY_USER_SSL_CERT_FILE=/c'],
  ])
  assert.deepEqual(parkedEnvironment(['LD_PRELOAD=/x'], false), ['LD_PRELOAD=', 'ROPEWAY_USER_LD_PRELOAD=/x'])
})

test('a uid gets a name only where the image has none for it', () => {
  const lines = accountsOf({ runUser: { uid: 4321, gid: 1 }, generation: 1 } as never).passwd
  assert.ok(lines.includes('ropeway:x:4321:1::/home/work:/bin/sh'))
  const text = 'root:x:0:0::/:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/bash'
  const merged = withAccounts(text, [
    'ma-user:x:1000:100::/home/ma-user:/bin/sh',
    'work:x:1101:1101::/home/work:/bin/sh',
  ])
  assert.equal(merged, `${text}\nwork:x:1101:1101::/home/work:/bin/sh\n`)
  assert.equal(withAccounts(merged, ['work:x:1101:1101::/:/bin/sh']), merged)
  assert.equal(withAccounts('', ['a:x:1:']), 'a:x:1:\n')
})

/** What dockerode throws. */
const answered = (statusCode: number, message: string): Error =>
  Object.assign(new Error(message), { statusCode, json: { message } })

test('an engine that stumbles over a process that just ended is asked again, any other error is believed', async () => {
  const engine = { docker: null as never, socket: '/x' }
  const { signal } = new AbortController()
  const gone = answered(500, 'read /proc/3757/cgroup: no such process')
  const answers = [gone, gone, 'exited']
  const next = async (): Promise<unknown> => {
    const answer = answers.shift()
    if (answer instanceof Error) throw answer
    return answer
  }
  assert.equal(await look(engine, next, signal), 'exited')
  answers.push(answered(500, 'no space left on device'), 'never asked')
  await assert.rejects(look(engine, next, signal), /no space left/)
  assert.deepEqual(answers, ['never asked'])
  await assert.rejects(
    look(engine, () => Promise.reject(gone), signal),
    /no such process/,
  )
})

test("the engine's words are its own, without those of the client library", () => {
  const streamed = '(HTTP code 500) server error - unauthorized: x - y'
  assert.equal(
    wordsOf(Object.assign(new Error(streamed), { statusCode: 500, json: null })),
    'unauthorized: x - y',
  )
  assert.equal(wordsOf(answered(500, 'denied')), 'denied')
})

test('routes of this machine are taken, the default route is not', () => {
  const text = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0000D40A\t00000000\t0001\t0\t0\t0\t00F8FFFF\t0\t0\t0
`
  assert.deepEqual(parseRoutes(text).map(formatSubnet), ['10.212.0.0/21'])
})

test('hard limits become both limits of a container, none bolder than an engine gives by itself', () => {
  const text = `Limit                     Soft Limit           Hard Limit           Units
Max processes             96365                96365                processes
Max open files            1024                 20000                files
Max locked memory         8388608              8388608              bytes`
  assert.deepEqual(parseLimits(text), [
    { Name: 'nproc', Soft: 32768, Hard: 32768 },
    { Name: 'nofile', Soft: 20000, Hard: 20000 },
  ])
  assert.deepEqual(
    parseLimits('Max open files            1024                 unlimited            files'),
    [],
  )
})

test("a process's group of the memory controller is found with both versions of cgroups", () => {
  assert.deepEqual(memoryGroupOf('5:memory:/libpod_parent/libpod-1\n0::/x'), {
    version: 1,
    dir: '/sys/fs/cgroup/memory/libpod_parent/libpod-1',
  })
  assert.deepEqual(memoryGroupOf('0::/machine.slice/libpod-1.scope'), {
    version: 2,
    dir: '/sys/fs/cgroup/machine.slice/libpod-1.scope',
  })
  assert.equal(memoryGroupOf('0::/'), null)
  assert.equal(memoryGroupOf(''), null)
})

test("the kernel's log is read on past records that were overwritten meanwhile, to its end", async () => {
  const failing = (code: string): Error => Object.assign(new Error(code), { code })
  const log = (records: readonly (string | Error)[]) => {
    const left = [...records]
    return async (): Promise<string> => {
      const record = left.shift() ?? failing('EAGAIN')
      if (record instanceof Error) throw record
      return record
    }
  }
  const kill = '6,1,1,-;oom-kill:constraint=CONSTRAINT_MEMCG,task_memcg=/libpod_parent/libpod-abc'
  assert.equal(await findOom('abc', log(['6,0,0,-;else', failing('EPIPE'), failing('EPIPE'), kill])), true)
  assert.equal(await findOom('other', log([failing('EPIPE'), kill])), false)
  await assert.rejects(findOom('abc', log([failing('EIO'), kill])), /EIO/)
})

test('sockets that accept connections are told from the connections, wherever /run is called /var/run', () => {
  const text = `Num       RefCount Protocol Flags    Type St Inode Path
0000000015d21e9d: 00000003 00000000 00000000 0001 03 4281240 /run/docker.sock
000000007bf8c879: 00000003 00000000 00000000 0001 03 4468110
00000000a6b2e40a: 00000002 00000000 00010000 0001 01    4282345 /var/run/docker.sock
00000000a6b2e40b: 00000002 00000000 00010000 0001 01 7 @abstract`
  assert.deepEqual(listenersOf(text), [{ inode: '4282345', path: '/run/docker.sock' }])
})
