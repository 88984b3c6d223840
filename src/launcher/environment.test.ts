import assert from 'node:assert/strict'
import { test } from 'node:test'
import { giveBack, restoreDropped, userEnvironment } from './environment.ts'

test('parked variables come back under their own names and win', () => {
  const own = { ROPEWAY_USER_LD_PRELOAD: '/user.so', LD_PRELOAD: '/ours.so', A: '1', ROPEWAY_GRACE: '3' }
  assert.deepEqual(giveBack(own), { LD_PRELOAD: '/user.so', A: '1', ROPEWAY_GRACE: '3' })
})

test('the server wins over the image, we over both; moxing stands last on PYTHONPATH', () => {
  const image = { A: 'image', B: 'image', PYTHONPATH: '/image', ROPEWAY_X: 'internal' }
  const got = userEnvironment(image, { B: 'server', C: 'server' }, { C: 'ours' }, '/opt/ropeway/moxing')
  const { PATH, ...rest } = got
  assert.deepEqual(rest, { A: 'image', B: 'server', C: 'ours', PYTHONPATH: '/image:/opt/ropeway/moxing' })
  assert.ok(PATH)
  assert.equal(userEnvironment({}, {}, {}, '/m')['PYTHONPATH'], '/m')
})

test('only names that a shell cannot carry are put back', () => {
  assert.deepEqual(restoreDropped({ A: 'own' }, { A: 'x', 'BATCH_j.0_HOSTS': 'h', UNSET: 'u' }), {
    A: 'own',
    'BATCH_j.0_HOSTS': 'h',
  })
})
