import assert from 'node:assert/strict'
import { it } from 'node:test'
import { buildJob, inventory2x4 } from '../../test/job-builders.ts'
import { admit } from './admission.ts'

const behind = (id: string) => ({ id, projectId: 'p' })
const four = (id: string, nodes = 1, projectId = 'p') =>
  buildJob({ id, name: id, nodes, flavor: 'ropeway.ascend-910a.4', job: { projectId } })

it('jobs that fit are admitted in order, and what one takes the next does not get', () => {
  const decided = admit([four('a'), four('b')], inventory2x4, [])
  const a = decided.get('a')
  const b = decided.get('b')
  assert.ok(a?.admitted && b?.admitted)
  assert.notEqual(a.placements[0]?.hostId, b.placements[0]?.hostId)
})

it('a job gets all of its tasks or none', () => {
  const decided = admit([four('a'), four('b', 2)], inventory2x4, [])
  assert.equal(decided.get('a')?.admitted, true)
  const b = decided.get('b')
  assert.ok(b && !b.admitted)
  assert.equal(b.position, 1)
  assert.match(b.reason, /2 × 4|2 x 4|8/)
})

it('first come, first served: who fits but stands behind somebody who does not, waits and learns why', () => {
  const decided = admit([four('a'), four('big', 2), four('c')], inventory2x4, [])
  const c = decided.get('c')
  assert.ok(c && !c.admitted)
  assert.equal(c.position, 2)
  assert.match(c.reason, /"big"/)
})

it('who waits behind a job of another project learns how many are ahead, and no name', () => {
  const decided = admit([four('a'), four('secret', 2, 'q'), four('c'), four('d', 1, 'q')], inventory2x4, [])
  const reasons = ['c', 'd'].map((id) => {
    const one = decided.get(id)
    return one && !one.admitted ? one.reason : ''
  })
  assert.deepEqual(reasons, [
    "1 job is ahead; the first is another project's",
    '2 jobs are ahead; the first is "secret"',
  ])
})

it('those behind the jobs looked at wait in their order when one before them does, and are left open when none does', () => {
  const decided = admit(
    [four('a'), four('big', 2)],
    inventory2x4,
    [],
    [behind('c'), behind('d'), { id: 'e', projectId: 'q' }],
  )
  assert.deepEqual(
    ['c', 'd', 'e'].map((id) => decided.get(id)),
    [
      { admitted: false, position: 2, reason: '1 job is ahead; the first is "big"' },
      { admitted: false, position: 3, reason: '2 jobs are ahead; the first is "big"' },
      { admitted: false, position: 4, reason: "3 jobs are ahead; the first is another project's" },
    ],
  )
  assert.equal(admit([four('a')], inventory2x4, [], [behind('c')]).has('c'), false)
})

it('a flavor that no host offers any more is named', () => {
  const gone = admit([buildJob({ id: 'x', flavor: 'ropeway.gpu.8' })], inventory2x4, []).get('x')
  assert.ok(gone && !gone.admitted)
  assert.match(gone.reason, /ropeway\.gpu\.8/)
})

it('a job that these hosts can never hold says so, and holds nobody back', () => {
  const decided = admit([four('huge', 9), four('small')], inventory2x4, [])
  assert.equal(decided.get('huge')?.admitted, false)
  assert.equal(decided.get('small')?.admitted, true)
})
