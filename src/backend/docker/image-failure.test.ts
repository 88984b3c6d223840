import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Asked, explainPull } from './image-failure.ts'

const IMAGE = 'harbor.example.com/team/train:1'
const none: Asked = { reference: IMAGE, login: 'none' }
const unproven: Asked = { reference: IMAGE, login: 'unproven' }
const accepted: Asked = { reference: IMAGE, login: 'accepted' }
const registry: Asked = { reference: null, login: 'unproven' }

type Case = readonly [words: string, asked: Asked, code: string, says: RegExp, mayPass?: true]
const CASES: readonly Case[] = [
  ['Head "https://h/v2/a/manifests/1": no basic auth credentials', none, 'RegistryRefused', /wants a login/],
  ['unauthorized: authentication required', none, 'RegistryRefused', /wants a login/],
  ['unauthorized: authentication required', unproven, 'RegistryRefused', /wrong, or it may not read/],
  ['unauthorized: authentication required', accepted, 'RegistryRefused', /no access/],
  ['unauthorized: authentication required', registry, 'RegistryRefused', /user name or password/],
  ['unauthorized: incorrect username or password', unproven, 'RegistryRefused', /user name or password/],
  [
    'unable to retrieve auth token: invalid username/password: unauthorized: authentication required',
    unproven,
    'RegistryRefused',
    /does not accept the user name or password/,
  ],
  [
    'login attempt to http://127.0.0.1:5000/v2/ failed with status: 401 Unauthorized',
    registry,
    'RegistryRefused',
    /user name or password/,
  ],
  ['denied: no', registry, 'RegistryRefused', /refuses this login/],
  [
    'unauthorized: unauthorized to access repository: team/train, action: pull',
    unproven,
    'RegistryRefused',
    /gives no access/,
  ],
  [
    "pull access denied for team/train, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    none,
    'RegistryRefused',
    /gives no access/,
  ],
  ['toomanyrequests: You have reached your pull rate limit', none, 'RegistryRefused', /limit of pulls/],
  [
    `manifest for ${IMAGE} not found: manifest unknown: manifest unknown`,
    unproven,
    'ImageNotFound',
    /no image of that name and tag/,
  ],
  ['name unknown: repository name not known to registry', unproven, 'ImageNotFound', /no image/],
  ['no matching manifest for linux/amd64 in the manifest list entries', none, 'ImageNotFound', /architect/],
  ['dial tcp: lookup harbor.example.com: no such host', none, 'RegistryUnreachable', /name is not known/],
  [
    'dial tcp: lookup harbor.example.com on 10.0.0.1:53: dial udp: connect: network is unreachable',
    none,
    'RegistryUnreachable',
    /looked up/,
    true,
  ],
  ['dial tcp 10.0.0.9:443: i/o timeout', none, 'RegistryUnreachable', /in time/, true],
  ['net/http: TLS handshake timeout', none, 'RegistryUnreachable', /in time/, true],
  ['dial tcp 127.0.0.1:4045: connect: connection refused', none, 'RegistryUnreachable', /nobody/],
  ['x509: certificate signed by unknown authority', none, 'RegistryUnreachable', /does not trust/],
  ['http: server gave HTTP response to HTTPS client', none, 'RegistryUnreachable', /does not trust/],
  ['received unexpected HTTP status: 503 Service Unavailable', none, 'RegistryUnreachable', /failed/, true],
  ['read tcp: connection reset by peer', none, 'RegistryUnreachable', /failed/, true],
  ['unexpected EOF', none, 'RegistryUnreachable', /failed/, true],
  ['write /var/lib/x: no space left on device', none, 'DiskFull', /disk has no space/],
  ['failed to register layer: mkdir /x: permission denied', none, 'RegistryUnreachable', /this reason/],
]
for (const [words, asked, code, says, mayPass = false] of CASES)
  test(`"${words.slice(0, 70)}" with login ${asked.login}: ${says.source}`, () => {
    const failure = explainPull(words, asked)
    assert.deepEqual([failure.code, failure.mayPass], [code, mayPass], failure.says)
    assert.match(failure.says, says)
  })

const NAMES = [
  'x/denied:404',
  'team/unauthorized-certificate:503',
  'no/forbidden@sha256:'.concat('4'.repeat(64)),
]
for (const name of NAMES)
  test(`an image called ${name.slice(0, 40)} is not taken for what went wrong`, () => {
    const reference = `denied.example.com:4041/${name}`
    const words = `Get "https://${reference.split(/[:@][^/]*$/)[0]}": reading ${reference} of ${name}: unexpected EOF`
    assert.match(explainPull(words, { reference, login: 'none' }).says, /registry failed/)
  })
