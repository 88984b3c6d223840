import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LastLines } from './lines.ts'
import { planRanks, wantsPhysicalIds } from './rank-plan.ts'
import { tablePath } from './rank-table-file.ts'

const input = {
  devices: [{ rankId: 3, physicalId: 5, logicalId: 1, serverId: '10.0.0.1' }],
  rankSize: 8,
  tableFile: '/t/hccl.json',
  environment: { HCCL_CONNECT_TIMEOUT: '600', RANK_ID: '99', ASCEND_DEVICE_ID: '7' },
  jobId: 'job',
  logDir: '/log',
  workspace: '/w',
  mark: 'MARK=1',
  physicalIds: false,
}

test('what the user set is kept where HCCL may be told, and overwritten where the table decides', () => {
  const [plan] = planRanks(input)
  const { HCCL_CONNECT_TIMEOUT, RANK_ID, DEVICE_ID, ASCEND_DEVICE_ID, RANK_SIZE } = plan!.env
  assert.deepEqual(
    [HCCL_CONNECT_TIMEOUT, RANK_ID, DEVICE_ID, ASCEND_DEVICE_ID, RANK_SIZE],
    ['600', '3', '1', '1', '8'],
  )
})

test('driver 20.1.0, and no other, gets physical device ids', () => {
  assert.equal(wantsPhysicalIds('Version=20.1.0\nascendhal_version=4.0.0\n'), true)
  for (const text of ['', 'Version=20.1.rc1\n', 'Version=20.1.01\n', 'Version=21.0.2\nVersion=20.1.0\n'])
    assert.equal(wantsPhysicalIds(text), false, text)
  const [plan] = planRanks({ ...input, environment: {}, physicalIds: true })
  assert.deepEqual([plan!.env['DEVICE_ID'], plan!.env['ASCEND_DEVICE_ID']], ['5', undefined])
})

test('a folder, one with a slash, a file, and the folder of MindCluster all lead to the table', () => {
  for (const [given, path] of [
    ['/user/config', '/user/config/jobstart_hccl.json'],
    ['/user/config/', '/user/config/jobstart_hccl.json'],
    ['/t/my.json', '/t/my.json'],
    ['/user/serverid/devindex/config', '/user/serverid/devindex/config/hccl.json'],
    ['/user/serverid/devindex/config/', '/user/serverid/devindex/config/hccl.json'],
  ])
    assert.deepEqual(tablePath({ RANK_TABLE_FILE: given! }), { path, isSet: true })
  assert.deepEqual(tablePath({ RANK_TABLE_FILE: '/x', RANK_TABLE_FILE_V_1_0: '/v1.json' }), {
    ...{ path: '/v1.json', isSet: true },
  })
})

test('the last lines are the last ones, however they were written', () => {
  const end = new LastLines(64)
  for (let n = 0; n < 100; n++) end.push(Buffer.from(`line ${n}\r\n`))
  end.push(Buffer.from('\n  \nno newline'))
  assert.deepEqual(end.last(3), ['line 98', 'line 99', 'no newline'])
  end.push(Buffer.alloc(1000, 'x'))
  assert.deepEqual(end.last(3), ['x'.repeat(64)])
  assert.deepEqual(new LastLines().last(3), [])
})
