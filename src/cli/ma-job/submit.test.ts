// ma-cli's options, typed or in a file, as create bodies.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse as parseYaml } from 'yaml'
import { CliError } from '../errors.ts'
import { longOptions } from './long-options.ts'
import { isSubmitFile, type OptionName, type SubmitValues, valueOfFlag, valuesOfFile } from './options.ts'
import { submitBody } from './submit-body.ts'

const ofFile = (text: string) => submitBody(valuesOfFile('train.yaml', parseYaml(text)), () => 'job-new')
const ofFlags = (...flags: [OptionName, string][]) => {
  const values: Partial<Record<OptionName, unknown>> = {}
  for (const [name, text] of flags) values[name] = valueOfFlag(name, text, values[name])
  return submitBody(values as SubmitValues, () => 'job-new')
}

test('every option has its place in the create body', () => {
  const body = ofFile(`
name: digits
description: handwritten
image-url: team/train:1
uid: 1000
working-dir: /home/ma-user/modelarts/user-job-dir/code
local-code-dir: /home/ma-user/code
user-command: python main.py
pool_id: pool-1
train_instance_type: modelarts.vm.cpu.8u
train-instance-count: 2
data-url: obs://b/data/
log-url: obs://b/logs/
code-dir: obs://b/code/
boot-file: main.py
framework-type: PyTorch
framework-version: pytorch_1.8.0
output:
  - name: train_url
    obs_path: obs://b/model/
    local_dir: /cache/out
input:
  - name: extra
    obs_path: obs://b/extra/
env-variables: {EPOCHS: 3, EMPTY: }
parameters:
  - lr: 0.1
  - {name: depth, value: 50}
workspace-id: 0
policy: regular
volumes:
  - efs: {nfs_server_path: 10.0.0.1:/p, local_path: /mnt/p, read_only: false}
`)
  assert.deepEqual(body, {
    kind: 'job',
    metadata: { name: 'digits', description: 'handwritten', workspace_id: '0' },
    algorithm: {
      engine: {
        engine_name: 'PyTorch',
        engine_version: 'pytorch_1.8.0',
        image_url: 'team/train:1',
        run_user: '1000',
      },
      code_dir: 'obs://b/code/',
      boot_file: 'obs://b/code/main.py',
      command: 'python main.py',
      local_code_dir: '/home/ma-user/code',
      working_dir: '/home/ma-user/modelarts/user-job-dir/code',
      environments: { EPOCHS: '3', EMPTY: '' },
      parameters: [
        { name: 'lr', value: '0.1' },
        { name: 'depth', value: '50' },
      ],
      inputs: [
        { name: 'data_url', remote: { obs: { obs_url: 'obs://b/data/' } } },
        { name: 'extra', remote: { obs: { obs_url: 'obs://b/extra/' } } },
      ],
      outputs: [
        { name: 'train_url', local_dir: '/cache/out', remote: { obs: { obs_url: 'obs://b/model/' } } },
      ],
    },
    spec: {
      resource: { flavor_id: 'modelarts.vm.cpu.8u', node_count: 2, pool_id: 'pool-1', policy: 'regular' },
      log_export_path: { obs_url: 'obs://b/logs/' },
      volumes: [{ nfs: { nfs_server_path: '10.0.0.1:/p', local_path: '/mnt/p', read_only: false } }],
    },
  })
})

test('options as typed come to the same, repeated or as a list', () => {
  const repeated = ofFlags(
    ['code-dir', 'obs://b/code'],
    ['boot-file', './main.py'],
    ['output', 'train_url=obs://b/model/'],
    ['output', 'more=obs://b/more/'],
    ['parameters', 'lr=0.1'],
    ['parameters', 'url=a=b'],
  )
  const listed = ofFlags(
    ['code-dir', 'obs://b/code'],
    ['boot-file', 'main.py'],
    ['output', '[{name: train_url, obs_path: "obs://b/model/"}, {name: more, obs_path: "obs://b/more/"}]'],
    ['parameters', '{"lr": 0.1, "url": "a=b"}'],
  )
  assert.deepEqual(repeated, listed)
  assert.equal((repeated['algorithm'] as { boot_file: string }).boot_file, 'obs://b/code/main.py')
})

test('a boot file with a whole path stays as it is', () => {
  for (const file of ['obs://b/code/main.py', 's3://b/code/main.py', '/b/code/main.py'])
    assert.equal(
      (ofFlags(['code-dir', 'obs://b/code/'], ['boot-file', file])['algorithm'] as { boot_file: string })
        .boot_file,
      file,
    )
})

const refused: [text: string, message: RegExp, solution?: RegExp][] = [
  ['train-instance-typ: x', /unknown key "train-instance-typ"/, /"train-instance-type"/],
  ['imageurl: x', /unknown key "imageurl"/, /"image-url"/],
  ['train-instance-count: 0', /train-instance-count: got 0; valid: a whole number/],
  ['train-instance-count: two', /got "two"/],
  ['name: [a]', /name: got \["a"\]; valid: a text/],
  ['input: obs://b/x/', /input: got "obs:\/\/b\/x\/"; valid: a list/],
  ['output: [{name: x}]', /output\.x\.obs_path: got nothing; valid: a text/],
  ['parameters: [1]', /parameters: got 1; valid: NAME=VALUE/],
]
for (const [text, message, solution] of refused)
  test(`a file with ${text} is refused in words`, () => {
    assert.throws(
      () => ofFile(text),
      (error) => {
        assert.ok(error instanceof CliError)
        assert.match(error.message, message)
        if (solution) assert.match(error.solution, solution)
        return true
      },
    )
  })

test('a create body is not taken for a file of ma-cli', () => {
  assert.equal(isSubmitFile({ metadata: { name: 'x' }, name: 'x' }), false)
  assert.equal(isSubmitFile({ naem: 'x' }), false)
  assert.equal(isSubmitFile({ code_dir: 'x' }), true)
})

test('short options of two letters are understood, words after -- are left alone', () => {
  assert.deepEqual(longOptions(['get-job', '-pn', '2', '-ps=5', '-H', '--', '-pn']), [
    ...['get-job', '--page-num', '2', '--page-size=5', '--help', '--', '-pn'],
  ])
})
