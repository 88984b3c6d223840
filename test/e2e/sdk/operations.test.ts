// Huawei Cloud's own SDK against a server: each of its training calls works, or is refused by a code that is documented.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ERRORS } from '../../../src/api/errors.ts'
import { CASES, liveJob } from '../../sdk/cases.ts'
import { type Connected, connectSdk } from '../../sdk/connected.ts'
import { misread } from '../../sdk/model-fields.ts'
import { PythonSdk, type SdkAnswer } from '../../sdk/python-sdk.ts'
import { hasRoute, NOT_THERE_YET, TRAINING_OPERATIONS } from '../../sdk/training-operations.ts'
import { ENGINE } from '../api/world.ts'
import { erased } from '../harness.ts'

let connected: Connected
before(async () => {
  connected = await connectSdk()
})
after(() => connected[Symbol.asyncDispose]())

/** Refused as the documents say: the SDK's exception, the code's status, a sentence and a request id. */
function refusedWith(answer: SdkAnswer, code: string, status: number): void {
  assert.deepEqual(
    [answer.error?.class, answer.error?.code, answer.error?.status],
    ['ClientRequestException', code, status],
    JSON.stringify(answer),
  )
  assert.match(answer.error?.message ?? '', /valid: /)
  assert.match(answer.error?.request_id ?? '', /^[0-9a-f-]{36}$/)
}

describe('a call of the SDK', () => {
  for (const name of TRAINING_OPERATIONS)
    it(`${name} ${NOT_THERE_YET.includes(name) ? 'is refused by name' : 'is answered so that the SDK reads all of it'}`, async () => {
      const operation = connected.description.operations[name]
      assert.ok(operation, 'the SDK has no such call')
      if (NOT_THERE_YET.includes(name)) {
        assert.ok(
          !hasRoute(operation),
          'has a route now: take it off NOT_THERE_YET in test/sdk/training-operations.ts, and give it a case in test/sdk/cases.ts',
        )
        const params = Object.keys(operation.request).filter((key) => key !== 'body')
        const answer = await connected.sdk.call(
          name,
          Object.fromEntries(params.map((key) => [key, operation.request[key] === 'int' ? 1 : 'x'])),
        )
        const known = [ERRORS.PathNotFound, ERRORS.MethodNotAllowed].find(
          ({ code }) => code === answer.error?.code,
        )
        refusedWith(answer, known?.code ?? ERRORS.PathNotFound.code, known?.status ?? 404)
        return
      }
      assert.ok(
        hasRoute(operation),
        'has no route: put it on NOT_THERE_YET in test/sdk/training-operations.ts',
      )
      assert.ok(CASES[name], 'give it a case in test/sdk/cases.ts')
      const answer = await connected.callCase(name)
      const { refused } = CASES[name]
      if (refused !== undefined) return refusedWith(answer, ERRORS[refused].code, ERRORS[refused].status)
      assert.ok(answer.ok, JSON.stringify(answer))
      const body = JSON.parse(answer.raw || 'null') as unknown
      assert.deepEqual(misread(connected.description.models, operation.response, body, answer.answer), [])
    })
})

describe('what does not exist', () => {
  const about = (part: string) =>
    TRAINING_OPERATIONS.filter(
      (name) =>
        !NOT_THERE_YET.includes(name) &&
        CASES[name]?.refused === undefined &&
        part in (connected.description.operations[name]?.request ?? {}),
    )

  it('a job is named as such, whatever is asked of it', async () => {
    for (const name of about('training_job_id')) {
      const { params = {}, body } = CASES[name] ?? {}
      const task =
        'task_id' in (connected.description.operations[name]?.request ?? {}) ? { task_id: 'worker-0' } : {}
      const answer = await connected.sdk.call(
        name,
        { training_job_id: 'no-such-job', ...task, ...params },
        body,
      )
      refusedWith(answer, 'ModelArts.2775', 400)
    }
  })

  it('a task is named with the tasks there are', async () => {
    const { id } = (await connected.world.ropeway.client.create(liveJob('tasks'))).metadata
    for (const name of about('task_id')) {
      const { params = {}, body } = CASES[name] ?? {}
      const answer = await connected.sdk.call(
        name,
        { training_job_id: id, task_id: 'worker-9', ...params },
        body,
      )
      refusedWith(answer, 'ModelArts.9002', 404)
      assert.match(answer.error?.message ?? '', /worker-0/)
    }
  })
})

describe('a job, from the SDK alone', () => {
  it('is created, found, watched, described, stopped and deleted', async () => {
    const { sdk } = connected
    const made = await sdk.call('create_training_job', {}, liveJob('sdk-life'))
    const { metadata, status } = made.answer as {
      metadata: { id: string }
      status: { phase: string; tasks: string[] }
    }
    assert.deepEqual([made.status, status.phase, status.tasks], [201, 'Creating', ['worker-0']])
    const params = { training_job_id: metadata.id }
    const phase = async () => {
      const { answer } = await sdk.call('show_training_job_details', params)
      return (answer as { status: { phase: string } } | undefined)?.status.phase
    }
    await connected.world.ropeway.waitFor(metadata.id, 'it runs', (job) => job.status.phase === 'Running')
    assert.equal(await phase(), 'Running')
    const filters = [{ key: 'name', operator: 'like', value: ['sdk-life'] }]
    const found = await sdk.call('list_training_jobs', {}, { limit: 10, filters })
    assert.equal((found.answer as { count: number }).count, 1)
    await sdk.call('change_training_job_description', params, { description: '描述 of the SDK' })
    const stopped = await sdk.call('stop_training_job', params, { action_type: 'terminate' })
    assert.deepEqual(
      [stopped.status, (stopped.answer as { status: { phase: string } }).status.phase],
      [202, 'Terminating'],
    )
    await connected.world.ropeway.waitFor(
      metadata.id,
      'it is stopped',
      (job) => job.status.phase === 'Terminated',
    )
    const { answer } = await sdk.call('show_training_job_details', params)
    assert.equal((answer as { metadata: { description: string } }).metadata.description, '描述 of the SDK')
    refusedWith(
      await sdk.call('stop_training_job', params, { action_type: 'terminate' }),
      'ModelArts.2796',
      409,
    )
    assert.equal((await sdk.call('delete_training_job', params)).status, 202)
  })
})

describe('what runs can be said in each of the ways of the documents', () => {
  const code = { code_dir: 'obs://training-bucket/code/', boot_file: 'obs://training-bucket/code/train.py' }
  const { engine_id, ...byName } = ENGINE
  const ways: Record<string, object> = {
    'a preset engine by its id': { ...code, engine: { engine_id } },
    'a preset engine by name and version': { ...code, engine: byName },
    'a custom image': { command: 'true', engine: { image_url: 'host' } },
    'a preset engine with an image of one’s own': {
      ...code,
      engine: { ...byName, image_url: 'host', install_sys_packages: true },
    },
  }
  const create = async (name: string, algorithm: object) => {
    const job = { ...liveJob(name), algorithm: { environments: { EPOCHS: '3' }, ...algorithm } }
    const made = await connected.sdk.call('create_training_job', {}, job)
    assert.equal(made.status, 201, JSON.stringify(made.error))
    const { response } = connected.description.operations['create_training_job']!
    assert.deepEqual(
      misread(connected.description.models, response, JSON.parse(made.raw ?? ''), made.answer),
      [],
    )
    const answer = made.answer as { metadata: { id: string }; algorithm: Record<string, unknown> }
    const { client } = connected.world.ropeway
    await connected.world.ropeway.waitFor(
      answer.metadata.id,
      'it runs',
      ({ status }) => status.phase === 'Running',
    )
    await client.delete(answer.metadata.id)
    return answer
  }

  for (const [index, [way, algorithm]] of Object.entries(ways).entries())
    it(way, async () => {
      const { engine } = (await create(`way-${index}`, algorithm)).algorithm
      assert.equal((engine as { image_url: string }).image_url, 'host')
    })

  it('a stored algorithm', async () => {
    const stored = await connected.callCase('show_algorithm_by_uuid')
    const { metadata } = stored.answer as { metadata: { id: string; name: string } }
    const { algorithm } = await create('way-stored', { id: metadata.id })
    assert.deepEqual([algorithm['id'], algorithm['name']], [metadata.id, metadata.name])
  })
})

it('several jobs are deleted at once', async () => {
  const { client } = connected.world.ropeway
  const ids: string[] = []
  for (const name of ['several-1', 'several-2']) ids.push((await client.create(liveJob(name))).metadata.id)
  const jobs = ids.map((id) => ({ kind: 'job', metadata: { id } }))
  const answer = await connected.sdk.call('batch_delete_training_job', {}, { jobs })
  assert.equal(answer.status, 202, JSON.stringify(answer.error))
  for (const id of ids) await erased(connected.world.ropeway, id)
})

describe('who asks', () => {
  it('a wrong secret is refused as the gateway refuses it', async () => {
    await using sdk = new PythonSdk()
    const { endpoint, access_key: ak, project_id: project } = connected.world.ropeway.credentials
    await sdk.connect({ endpoint, ak, sk: 'wrong', project })
    const { error } = await sdk.call('show_training_job_flavors')
    assert.deepEqual([error?.class, error?.status, error?.code], ['ClientRequestException', 401, 'APIG.0301'])
  })

  it("another project's path is refused", async () => {
    await using sdk = new PythonSdk()
    const { endpoint, access_key: ak, secret_key: sk } = connected.world.ropeway.credentials
    await sdk.connect({ endpoint, ak, sk, project: 'another' })
    const { error } = await sdk.call('show_training_job_flavors')
    assert.deepEqual(
      [error?.class, error?.status, error?.code],
      ['ClientRequestException', 403, 'ModelArts.0108'],
    )
  })

  it('a project that is not named is found through IAM, by the name of the region', async () => {
    await using sdk = new PythonSdk()
    const {
      endpoint,
      access_key: ak,
      secret_key: sk,
      project_id: project,
    } = connected.world.ropeway.credentials
    await sdk.connect({ endpoint, ak, sk, region: 'cn-north-4', iam: endpoint })
    const answer = await sdk.call('list_training_jobs', {}, { limit: 1 })
    assert.ok(answer.ok, JSON.stringify(answer.error))
    assert.equal(answer.url, `${endpoint}/v2/${project}/training-job-searches`)
  })

  it('a temporary key does what its maker may, with its token and not without', async () => {
    const { endpoint, project_id: project } = connected.world.ropeway.credentials
    const { credential } = await connected.world.ropeway.client.call('createSecurityToken', {
      body: { auth: { identity: { methods: ['token'], token: { duration_seconds: 900 } } } },
    })
    const { access: ak, secret: sk, securitytoken: token } = credential
    await using sdk = new PythonSdk()
    await sdk.connect({ endpoint, ak, sk, project, token })
    const made = await sdk.call('create_training_job', {}, liveJob('by-a-temporary-key'))
    assert.equal(made.status, 201, JSON.stringify(made.error))
    await sdk.connect({ endpoint, ak, sk, project })
    const { error } = await sdk.call('show_training_job_flavors')
    assert.deepEqual([error?.class, error?.status], ['ClientRequestException', 401])
  })
})
