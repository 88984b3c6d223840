import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CliError } from '../errors.ts'
import { parseJobFile } from './job-file.ts'

const parse = (text: string) => parseJobFile('j', text, () => 'job-new')

test('a job file may be YAML or JSON', () => {
  const expected = { metadata: { name: 'a' }, algorithm: { environments: { ANY_NAME: '1' } } }
  assert.deepEqual(parse('metadata: {name: a}\nalgorithm:\n  environments: {ANY_NAME: "1"}\n'), expected)
  assert.deepEqual(parse(JSON.stringify(expected)), expected)
})

test('parts the contract leaves open take any key', () => {
  const text = 'metadata: {name: a, annotations: {my/own: x}}\nspec: {notification: {topic_urn: t}}'
  assert.deepEqual(parse(text)['spec'], { notification: { topic_urn: 't' } })
})

const refused: [title: string, text: string, message: RegExp, solution: RegExp][] = [
  ['an unknown key at the top', 'metdata: {name: a}', /unknown key "metdata"/, /Did you mean "metadata"\?/],
  ['camel case', 'algorithm: {codeDir: x}', /"algorithm.codeDir"/, /"algorithm.code_dir"/],
  [
    'a key inside a list',
    'algorithm: {inputs: [{nmae: a}]}',
    /"algorithm.inputs.0.nmae"/,
    /"algorithm.inputs.0.name"/,
  ],
  ['a key deep inside', 'spec: {resource: {node_cuont: 1}}', /"spec.resource.node_cuont"/, /node_count/],
  ['__proto__', '{"__proto__": {"x": 1}}', /unknown key "__proto__"/, /Known here/],
  ['broken YAML', 'metadata: {name: a', /^j:1:\d+ is neither YAML nor JSON/, /line/],
  ['a list', '- 1', /must hold a mapping/, /example/],
  ['nothing', '', /must hold a mapping/, /example/],
]
for (const [title, text, message, solution] of refused)
  test(`a job file with ${title} is refused in words`, () => {
    assert.throws(
      () => parse(text),
      (error) => {
        assert.ok(error instanceof CliError)
        assert.match(error.message, message)
        assert.match(error.solution, solution)
        assert.equal(error.exitCode, 2)
        return true
      },
    )
  })

test("a file of ma-cli's submit becomes a create body", () => {
  const text = 'code_dir: obs://b/code/\nboot-file: main.py\ntrain_instance_type: ropeway.cpu.1\n'
  assert.deepEqual(parse(text), {
    kind: 'job',
    metadata: { name: 'job-new' },
    algorithm: { code_dir: 'obs://b/code/', boot_file: 'obs://b/code/main.py' },
    spec: { resource: { flavor_id: 'ropeway.cpu.1', node_count: 1 } },
  })
})
