import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CliError } from './errors.ts'
import { completeSettings, dataDirectory, settingsFromFlags } from './settings.ts'

const ALL = ['endpoint', 'objectEndpoint', 'accessKey', 'secretKey', 'projectId'] as const
const stored = JSON.stringify({
  endpoint: 'http://file:1',
  object_endpoint: 'http://file:2',
  project_id: 'pf',
  access_key: 'af',
  secret_key: 'sf',
})

test('settings come from flags, then the environment, then credentials.json', () => {
  const env = { ROPEWAY_ENDPOINT: 'http://env:1', ROPEWAY_ACCESS_KEY: 'ae', ROPEWAY_PROJECT_ID: '' }
  const given = settingsFromFlags({ endpoint: 'http://flag:1' }, env, ALL)
  assert.deepEqual(completeSettings(given, ALL, { path: '/c', text: stored }), {
    endpoint: 'http://flag:1',
    objectEndpoint: 'http://file:2',
    accessKey: 'ae',
    secretKey: 'sf',
    projectId: 'pf',
  })
})

test('the data folder is the flag’s, ROPEWAY_DATA’s, or the user’s data directory', () => {
  const env = { ROPEWAY_DATA: '/e', XDG_DATA_HOME: '/x' }
  assert.equal(dataDirectory({ data: '/f' }, env, '/h'), '/f')
  assert.equal(dataDirectory({}, env, '/h'), '/e')
  assert.equal(dataDirectory({}, { XDG_DATA_HOME: '/x' }, '/h'), '/x/ropeway')
  assert.equal(dataDirectory({}, {}, '/h'), '/h/.local/share/ropeway')
})

const refused: [title: string, text: string | null, message: RegExp][] = [
  ['no file', null, /no endpoint: \/c does not exist/],
  ['a file without the key', '{"endpoint":"http://a"}', /no object_endpoint: \/c has no object_endpoint/],
  ['a file that is no JSON', 'x', /\/c is not a JSON object/],
  [
    'an endpoint that is no URL',
    stored.replace('http://file:1', 'file:1'),
    /--endpoint must be a URL, got "file:1"/,
  ],
]
for (const [title, text, message] of refused)
  test(`${title} is said in words and never prints a secret`, () => {
    assert.throws(
      () => completeSettings({}, ALL, { path: '/c', text }),
      (error) => {
        assert.ok(error instanceof CliError)
        assert.match(error.message, message)
        assert.doesNotMatch(error.message + error.solution, /\bsf\b/)
        return true
      },
    )
  })
