// `ropeway rank-table`: its options. What tables become is in src/accelerator/rank-table.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ropeway } from './ropeway.ts'

const table = (more: object = {}) =>
  JSON.stringify({
    status: 'completed',
    group_count: '1',
    group_list: [
      {
        ...{ group_name: 'g', device_count: '1', instance_count: '1', ...more },
        instance_list: [
          { pod_name: 'p-0', server_id: '10.0.0.1', devices: [{ device_id: '0', device_ip: '192.168.0.1' }] },
        ],
      },
    ],
  })

test('--with-addresses adds what msrun and MindIE read, and without it nothing is added', async () => {
  const servers = async (...more: string[]) => {
    const { code, stdout, stderr } = await ropeway(['rank-table', 'convert', '-', ...more], {}, table())
    assert.equal(code, 0, stderr)
    return JSON.parse(stdout).server_list
  }
  const [plain] = await servers()
  assert.deepEqual(Object.keys(plain), ['server_id', 'device'])
  const [server] = await servers('--with-addresses')
  assert.deepEqual([server.pod_ip, server.container_ip], ['10.0.0.1', '10.0.0.1'])
})

test('--mode strict refuses what compat only warns of, and findings name the source of their code', async () => {
  const wrong = table({ device_count: '8' })
  const compat = await ropeway(['rank-table', 'check', '-'], {}, wrong)
  assert.deepEqual([compat.code, compat.stdout], [0, 'ok\n'])
  assert.match(
    compat.stderr,
    /^warning EI0014 group_list\[0\]\.device_count: .*\(HCCL Config_Error_Ranktable, check of values\)$/m,
  )
  const strict = await ropeway(['rank-table', 'check', '-', '--mode', 'strict', '--json'], {}, wrong)
  assert.equal(strict.code, 2)
  const { ok, findings } = JSON.parse(strict.stdout)
  assert.equal(ok, false)
  assert.deepEqual(
    [findings[0].severity, findings[0].code, findings[0].source],
    ['error', 'EI0014', 'HCCL Config_Error_Ranktable, check of values'],
  )
  const other = await ropeway(['rank-table', 'check', '-', '--mode', 'lax'], {}, wrong)
  assert.equal(other.code, 2)
  assert.match(other.stderr, /strict, compat/)
})

test('a file that is too large is refused with its size, and a stream that never ends with the limit', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'rw-'))
  try {
    const file = join(dir, 'table.json')
    writeFileSync(file, '')
    truncateSync(file, 100 << 20)
    const large = await ropeway(['rank-table', 'check', file])
    assert.equal(large.code, 2)
    assert.match(large.stderr, /table\.json is refused: .*104857600 bytes; at most 41943040 \(40 MiB\)/)
    const endless = await ropeway(['rank-table', 'check', '/dev/zero'])
    assert.equal(endless.code, 2)
    assert.match(endless.stderr, /more than 41943040 bytes \(40 MiB\)/)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})
