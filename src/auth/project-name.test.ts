import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Project } from './identity.ts'
import { projectNamed, regionOf } from './project-name.ts'

const project = (name: string): Project => ({
  id: `id-${name}`,
  name,
  description: '',
  enabled: true,
  createdAtMs: 0,
})
const cases: [title: string, projects: string[], name: string, meant: string | undefined][] = [
  ['its own name', ['vision', 'speech'], 'speech', 'speech'],
  ['its own name, though that looks like a region', ['cn-north-4', 'speech'], 'cn-north-4', 'cn-north-4'],
  ['a region, where there is one project', ['vision'], 'cn-north-4', 'vision'],
  ['a region of Open Telekom Cloud', ['vision'], 'eu-de', 'vision'],
  ['a region, where there are two', ['vision', 'speech'], 'cn-north-4', undefined],
  ['a region and a name', ['vision', 'speech'], 'ap-southeast-1_speech', 'speech'],
  ['a region and a name that is none of theirs', ['vision'], 'cn-north-4_speech', undefined],
  ['another name', ['vision'], 'speech', undefined],
  ['another name with an underscore', ['vision'], 'my_vision', undefined],
  ['nothing', ['vision'], '', undefined],
]
for (const [title, projects, name, meant] of cases)
  test(`${title} means ${meant ?? 'no project'}`, () => {
    assert.equal(projectNamed(projects.map(project), name)?.name, meant)
  })

test('the catalog speaks of the region that was asked for', () => {
  assert.equal(regionOf('eu-de_vision', 'ropeway'), 'eu-de')
  assert.equal(regionOf('vision', 'ropeway'), 'ropeway')
  assert.equal(regionOf(null, 'ropeway'), 'ropeway')
})
