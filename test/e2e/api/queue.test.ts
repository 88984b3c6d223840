// Two projects on one set of devices: what each learns of the other's jobs, which is that there are some.
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { RopewayClient } from '../../../src/client/ropeway-client.ts'
import { body, Ropeway } from '../harness.ts'

const owned = new AsyncDisposableStack()
let ropeway: Ropeway
/** Of another project. */
let other: RopewayClient

before(async () => {
  ropeway = owned.use(await Ropeway.start({ backend: 'fake', simulate: '1x4' }))
  const { identity } = ropeway.client
  const project = (await identity.addProject({ name: 'other' })).id
  await identity.addUser({ name: 'stranger', project: 'other', role: 'user' })
  const keys = await identity.addKey({ user: 'stranger', project: 'other' })
  other = owned.use(
    new RopewayClient({
      ...{ endpoint: ropeway.credentials.endpoint, projectId: project },
      ...{ accessKey: keys.access_key, secretKey: keys.secret_key },
    }),
  )
})
after(() => owned[Symbol.asyncDispose]())

const whole = (name: string) =>
  body(name, 'sleep', {
    flavor: 'ropeway.ascend-910a.4',
    annotations: { 'ropeway/fake': JSON.stringify({ tasks: { '*': { runMs: null } } }) },
  })

/** Everything that a project can read of its waiting job. */
async function readAll(client: RopewayClient, id: string): Promise<{ reason: string; text: string }> {
  await client.events(id, {})
  const shown = await client.show(id)
  const stream = await client.streamEvents(id, 0, 0)
  const found = await client.search({})
  const workloads = await client.call('listWorkloads', { params: { pool: 'default' } })
  const text = JSON.stringify([shown, stream, found, workloads, await client.events(id, {})])
  return { reason: shown.status.waiting?.reason ?? '', text }
}

const queued = async (client: RopewayClient, name: string): Promise<string> => {
  const { metadata } = await client.create(whole(name))
  for (let since = 0; ; ) {
    const { next, phase } = await client.streamEvents(metadata.id, since, 5)
    if (phase === 'Pending') return metadata.id
    since = next
  }
}

it('a job that waits behind another project’s learns how many are ahead, and no name', async () => {
  const { metadata } = await other.create(whole('their-running-secret'))
  for (let since = 0, phase = ''; phase !== 'Running'; )
    ({ next: since, phase } = await other.streamEvents(metadata.id, since, 5))
  const theirs = await queued(other, 'their-waiting-secret')
  const ours = await queued(ropeway.client, 'our-waiting-secret')
  const last = await queued(other, 'their-last')
  const seen = await readAll(ropeway.client, ours)
  assert.equal(seen.reason, "1 job is ahead; the first is another project's")
  assert.match(seen.text, /1 job is ahead/)
  assert.doesNotMatch(seen.text, /their-/)
  const seenByThem = await readAll(other, last)
  assert.equal(seenByThem.reason, '2 jobs are ahead; the first is "their-waiting-secret"')
  assert.doesNotMatch(seenByThem.text, /our-waiting-secret/)
  assert.match((await readAll(other, theirs)).reason, /^needs /)
})
