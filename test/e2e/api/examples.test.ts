// The documents' examples are sent as they stand; each answer has to be the one that the document tells of.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ROUTES, type RouteName, routeOf, routePath } from '../../../src/api/routes.ts'
import { problemWith } from './answers.ts'
import { ONLY_REFUSED, openWorld, type World } from './world.ts'

let world: World
before(async () => {
  world = await openWorld()
})
after(() => world[Symbol.asyncDispose]())

describe('the example of', () => {
  for (const name of Object.keys(ROUTES) as RouteName[])
    it(name, async () => {
      const { method, success, example } = routeOf(name)
      const path = routePath(name, await world.paramsFor(name))
      const query = new URLSearchParams(
        Object.entries(example?.query ?? {}).map(([key, value]): [string, string] => [key, String(value)]),
      ).toString()
      const answer = await world.raw.send({
        method,
        target: query === '' ? path : `${path}?${query}`,
        ...(example?.body === undefined ? {} : { body: JSON.stringify(example.body) }),
      })
      assert.equal(problemWith(name, answer), null)
      const code = ONLY_REFUSED[name]
      if (code === undefined) assert.equal(answer.status, success, answer.text)
      else assert.equal((answer.json as { error_code?: string }).error_code, code, answer.text)
    })
})

describe('the documents', () => {
  it('are answered to everybody, and hold every call', async () => {
    const json = await world.raw.send({ method: 'GET', target: '/openapi.json', unsigned: true })
    const document = json.json as { openapi: string; info: { version: string }; paths: object }
    assert.deepEqual([json.status, document.openapi], [200, '3.1.0'])
    assert.match(document.info.version, /^\d+\.\d+\.\d+$/)
    const page = await world.raw.send({ method: 'GET', target: '/api', unsigned: true })
    assert.equal(page.status, 200)
    for (const path of Object.keys(document.paths)) assert.ok(page.text.includes(path), path)
  })

  it('bring nothing that runs: the page has no script, and its policy allows none', async () => {
    const page = await world.raw.send({ method: 'GET', target: '/api', unsigned: true })
    assert.match(page.headers['content-security-policy'] ?? '', /^default-src 'none'; style-src 'sha256-/)
    assert.doesNotMatch(page.text, /<script|javascript:|\son\w+=|<img|<link|url\(/i)
  })

  it('everything else asks who asks', async () => {
    for (const name of Object.keys(ROUTES) as RouteName[]) {
      if (routeOf(name).role === 'open') continue
      const target = routePath(name, await world.paramsFor(name))
      const answer = await world.raw.send({ method: routeOf(name).method, target, unsigned: true })
      assert.deepEqual([answer.status, problemWith(name, answer)], [401, null], name)
    }
  })
})
