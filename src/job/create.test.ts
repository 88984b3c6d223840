import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { BodyParts } from '../../test/job-builders.ts'
import type { ErrorName } from '../api/errors.ts'
import { create, refuses } from './create-fixture.ts'

describe('a bad body is refused with the field, what came and what is valid', () => {
  const cases: [title: string, parts: BodyParts, code: ErrorName, message: RegExp][] = [
    [
      'no image',
      { algorithm: { engine: {} } },
      'MustHaveCmdAndImage',
      /engine\.image_url: missing .*command without an image/,
    ],
    ['no command', { algorithm: { command: '' } }, 'MustHaveCmdAndImage', /algorithm\.command: missing/],
    [
      'an image nobody has',
      { algorithm: { engine: { image_url: 'org/x:1' } } },
      'ImageNotFound',
      /org\/x:1.*host/,
    ],
    [
      'a flavor nobody has',
      { flavor: 'ropeway.gpu.9' },
      'FlavorNotFound',
      /"ropeway\.gpu\.9".*ropeway\.ascend-910a\.4/,
    ],
    [
      'more devices than exist',
      { flavor: 'ropeway.ascend-910a.4', nodes: 3 },
      'FlavorOutOfRange',
      /12 devices; 8 exist; valid: 1 to 2/,
    ],
    [
      'a count that no flavor has',
      { flavor: '', spec: { resource: { main_container_customized_flavor: { accelerator_num: 3 } } } },
      'FlavorOutOfRange',
      /got 3 per node/,
    ],
    [
      'a variable of the platform',
      { environments: { MA_HOME: '/x' } },
      'InvalidParam',
      /MA_HOME.*belong to the platform/,
    ],
    [
      'a time that is no number of seconds',
      { environments: { ROPEWAY_RANK_TABLE_TIMEOUT: '30m' } },
      'InvalidParam',
      /ROPEWAY_RANK_TABLE_TIMEOUT: got "30m"; valid: a number above 0/,
    ],
    [
      'a secret that is not set',
      { annotations: { 'ropeway/secret-environment': 'TOKEN' } },
      'InvalidParam',
      /"TOKEN"/,
    ],
    [
      'RANK_TABLE_FILE that is no folder',
      { environments: { RANK_TABLE_FILE: 'user/config' } },
      'InvalidParam',
      /absolute folder/,
    ],
    ['another kind', { extra: { kind: 'edge_job' } }, 'NotSupported', /kind: only "job"/],
    [
      'a volume nobody allowed',
      { spec: { volumes: [{ nfs: { nfs_server_path: 'a:/b', local_path: '/c' } }] } },
      'InvalidParam',
      /spec\.volumes\[0\]\.nfs: got "a:\/b"; valid: none/,
    ],
    ['a pool nobody has', { spec: { resource: { pool_id: 'x' } } }, 'PoolNotFound', /"x"/],
    ['a command of blanks', { algorithm: { command: '   ' } }, 'MustHaveCmdAndImage', /command: missing/],
    [
      'a boot file without its folder',
      { algorithm: { command: '', boot_file: 'obs://b/code/train.py' } },
      'CodeDirError',
      /code_dir: missing beside boot_file/,
    ],
    [
      'root as user',
      { algorithm: { engine: { image_url: 'host', run_user: '0' } } },
      'InvalidParam',
      /run_user: got "0".*root is not allowed/,
    ],
    [
      'a user that is no number',
      { algorithm: { engine: { image_url: 'host', run_user: 'abc' } } },
      'InvalidParam',
      /run_user: got "abc"/,
    ],
    [
      'more than is kept of a job',
      { annotations: { note: 'x'.repeat(1 << 20) } },
      'BodyTooLarge',
      /got 1048\d{3} bytes .*at most 1048576 bytes/,
    ],
    [
      'an interactive job',
      { annotations: { 'jupyter-lab/enable': 'true' } },
      'NotSupported',
      /annotations\.jupyter-lab\/enable: interactive jobs are not supported/,
    ],
    [
      'a job of several roles',
      { annotations: { job_template: 'Template RL' } },
      'NotSupported',
      /annotations\.job_template/,
    ],
    [
      'a number of attempts that is none',
      { annotations: { 'fault-tolerance/job-retry-num': '129' } },
      'InvalidParam',
      /job-retry-num: got "129"; valid: a whole number from 1 to 128/,
    ],
    ['a relative working folder', { algorithm: { working_dir: 'x' } }, 'InvalidWorkingDir', /absolute/],
    [
      'a code folder the platform needs',
      { algorithm: { local_code_dir: '/home/ma-user/modelarts/x' } },
      'InvalidLocalCodeDir',
      /none of/,
    ],
  ]
  for (const [title, parts, code, message] of cases) it(title, () => refuses(parts, code, message))
})

/** Fields that events say nothing comes of. */
const ignoredOf = async (parts: BodyParts): Promise<string[]> =>
  (await create(parts)).events.flatMap(({ reason, message }) =>
    reason === 'FieldIgnored' ? message.replace(/ is kept .*/, '') : [],
  )

describe('values that are not acted on are kept, with a Warning that names them', () => {
  it('known ones', async () => {
    const { events } = await create({ spec: { notification: { topic_urn: 'x', events: ['JobFailed'] } } })
    assert.match(events.map(({ message }) => message).join('\n'), /spec\.notification/)
  })
  it('unknown ones', async () => {
    const { job, events } = await create({ extra: { colour: 'red' } })
    assert.equal(job.request['colour'], 'red')
    assert.match(events.map(({ message }) => message).join('\n'), /colour/)
  })
  it('annotations that nothing comes of, once turned on', async () => {
    const names = ['tensorboard/enable', 'mindstudio-insight/enable', 'fault-tolerance/hang-retry']
    const fields = names.map((name) => `metadata.annotations.${name}`)
    const set = (value: string) => Object.fromEntries(names.map((name) => [name, value]))
    assert.deepEqual(await ignoredOf({ annotations: set('true') }), fields)
    assert.deepEqual(await ignoredOf({ annotations: set('false') }), [])
  })
  it('annotations of ModelArts’ families that nobody here knows; labels of one’s own are none', async () => {
    const annotations = { 'fault-tolerance/new': '1', team: 'vision', 'example.com/x': '1' }
    assert.deepEqual(await ignoredOf({ annotations }), ['metadata.annotations.fault-tolerance/new'])
  })
  it('unknown ones at any depth, those of lists once', async () => {
    const odd = { odd: 1 }
    const obs = { obs_url: 'obs://b/data/', ...odd }
    const channel = (name: string) => ({ name, remote: { obs, ...odd } })
    const output = { name: 'out', remote: { obs: { obs_url: 'obs://b/out/' }, ...odd } }
    const parameters = ['a', 'b'].map((name) => ({ name, ...odd, constraint: { type: 'String', ...odd } }))
    const ignored = await ignoredOf({
      extra: { metadata: { name: 'x', training_experiment_reference: { name: 'e', ...odd } } },
      algorithm: { parameters, policies: odd, inputs: [channel('c'), channel('d')], outputs: [output] },
      spec: {
        auto_stop: { time_unit: 'HOURS', duration: 1, ...odd },
        schedule_policy: odd,
        log_export_path: odd,
        log_export_config: odd,
        resource: {
          flavor_id: 'ropeway.ascend-910a.4',
          main_container_customized_flavor: { accelerator_num: 4, ...odd },
        },
      },
    })
    assert.deepEqual(ignored.toSorted(), [
      'algorithm.inputs[].remote.obs.odd',
      'algorithm.inputs[].remote.odd',
      'algorithm.outputs[].remote.odd',
      'algorithm.parameters[].constraint.odd',
      'algorithm.parameters[].odd',
      'algorithm.policies.odd',
      'metadata.training_experiment_reference.odd',
      'spec.auto_stop.odd',
      'spec.log_export_config.odd',
      'spec.log_export_path.odd',
      'spec.resource.main_container_customized_flavor.odd',
      'spec.schedule_policy.odd',
    ])
  })
  it('what official samples send as "not set" gives no warning (quirk 7)', async () => {
    const { events } = await create({
      algorithm: { parameters: [], policies: { auto_search: null }, environments: {} },
      spec: { log_export_path: { obs_url: '' } },
    })
    assert.deepEqual(
      events.map(({ reason }) => reason),
      ['JobCreated'],
    )
  })
})

it('a secret value is taken out of the document', async () => {
  const { job } = await create({
    environments: { TOKEN: 'hush' },
    annotations: { 'ropeway/secret-environment': 'TOKEN' },
  })
  assert.doesNotMatch(JSON.stringify(job.request), /hush/)
  assert.deepEqual(job.secretEnvironment, { TOKEN: 'hush' })
})

it('ids of the documents mean flavors of ours', async () => {
  const { job } = await create({ flavor: 'modelarts.kat1.4xlarge', nodes: 2 })
  assert.equal(job.request.spec?.resource?.flavor_id, 'ropeway.ascend-910a.4')
  assert.deepEqual(
    job.status.tasks.map(({ task }) => task),
    ['worker-0', 'worker-1'],
  )
})

it('parameters that no program can take are warned of', async () => {
  const parameters = [{ name: 'lr', value: '1' }]
  const reasons = async (command: string) =>
    (await create({ command, algorithm: { parameters } })).events.map(({ reason }) => reason)
  assert.ok((await reasons('for i in 1 2; do echo $i; done')).includes('ArgumentsMayBeLost'))
  assert.ok(!(await reasons('cd /x && python train.py')).includes('ArgumentsMayBeLost'))
})
