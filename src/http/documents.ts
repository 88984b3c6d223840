// What the API says of itself: the OpenAPI document and the page made of it. Both are the same for everybody and hold
// nothing of any project, so they are the two that need no signature beside /healthz (docs/adr/0004-open-documents.md).
import type { Context } from 'hono'
import { openApiDocument } from '../api/openapi/document.ts'
import { PAGE_POLICY, renderApiPage } from './api-page/page.ts'

type Answer = (context: Context) => Response

/** Paths and what answers them. The texts are made when first asked for. */
export function documents(version: string): Readonly<Record<string, Answer>> {
  const json = once(() => JSON.stringify(openApiDocument(version)))
  const page = once(() => renderApiPage(openApiDocument(version)))
  return {
    '/openapi.json': (context) =>
      context.body(json(), 200, { ...HEADERS, 'Content-Type': 'application/json' }),
    '/api': (context) =>
      context.body(page(), 200, {
        ...HEADERS,
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Security-Policy': PAGE_POLICY,
      }),
  }
}

const HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-cache',
}

function once(make: () => string): () => string {
  let text: string | undefined
  return () => (text ??= make())
}
