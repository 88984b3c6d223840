// The API as one page without a script: every call with its request, its answers and its errors. Pure.
import { createHash } from 'node:crypto'
import type { OpenApiDocument } from '../../api/openapi/document.ts'
import type { Answer, Operation, Parameter } from '../../api/openapi/operation.ts'
import { type Html, html, prose } from './html.ts'
import { fieldsView, limitsView, typeView } from './schema-view.ts'
import { PAGE_STYLE } from './style.ts'

/** Nothing is loaded, run, framed or sent: the page may show one style, its own. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(PAGE_STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

type Call = { readonly method: string; readonly path: string; readonly operation: Operation }

/** The whole page as text. */
export function renderApiPage(document: OpenApiDocument): string {
  const calls = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, operation]): Call => ({ method: method.toUpperCase(), path, operation }),
    ),
  )
  const { title, version, description } = document.info
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} API</title><style>${{ html: PAGE_STYLE }}</style></head>
<body>
<nav>${navigation(document, calls)}</nav>
<main>
<header><h1>${title} API</h1><p>${prose(description)}</p>
<p>Version ${version} · <a href="openapi.json">openapi.json</a></p></header>
<section id="who-asks"><h2>Who asks</h2>${Object.values(document.components.securitySchemes).map(
    ({ name, description: says }) => html`<p><code>${name}</code>: ${prose(says)}</p>`,
  )}</section>
${document.tags.map(
  ({ name }) =>
    html`<section><h2 id="group-${name}">${name}</h2>${calls
      .filter(({ operation }) => operation.tags.includes(name))
      .map((call) => callView(document, call))}</section>`,
)}
<section><h2 id="shapes">Shapes</h2>${Object.entries(document.components.schemas).map(
    ([name, schema]) => html`<article id="shape-${name}"><h3>${name}</h3>${fieldsView(schema)}</article>`,
  )}</section>
</main></body></html>
`
  return page.html
}

function navigation(document: OpenApiDocument, calls: readonly Call[]): Html {
  const groups = document.tags.map(({ name }) => {
    const links = calls
      .filter(({ operation }) => operation.tags.includes(name))
      .map(({ operation: { operationId: id } }) => html`<li><a href="#${id}">${id}</a></li>`)
    return html`<h2>${name}</h2><ul>${links}</ul>`
  })
  return html`${groups}<h2><a href="#shapes">Shapes</a></h2>`
}

function callView(document: OpenApiDocument, { method, path, operation }: Call): Html {
  const { operationId, summary, description, requestBody, responses } = operation
  const body = requestBody?.content['application/json']
  return html`<article id="${operationId}"><h3><span class="method ${method}">${method}</span> <code>${path}</code></h3>
<p>${summary} <span class="who">${prose(description)}</span></p>
${parametersView(document, operation)}
${body && html`<h4>Body</h4>${fieldsView(body.schema)}`}
${body?.example !== undefined && html`<details><summary>Example</summary><pre>${JSON.stringify(body.example, null, 2)}</pre></details>`}
<h4>Answers</h4><table class="answers"><tbody>${Object.entries(responses).map(([status, answer]) =>
    answerRow(document, status, answer),
  )}</tbody></table></article>`
}

function parametersView(document: OpenApiDocument, { parameters }: Operation): Html {
  const rows = parameters.map((given) => {
    const parameter: Parameter | undefined =
      '$ref' in given ? document.components.parameters[given.$ref.split('/').at(-1) ?? ''] : given
    return (
      parameter &&
      html`<tr><td><code>${parameter.name}</code>${parameter.required ? html`<b title="required">*</b>` : ''}</td><td>${parameter.in}</td><td>${typeView(parameter.schema)}</td><td>${limitsView(parameter.schema)} ${parameter.description && prose(parameter.description)}</td></tr>`
    )
  })
  return html`<h4>Parameters</h4><table class="fields"><tbody>${rows}</tbody></table>`
}

function answerRow(document: OpenApiDocument, status: string, given: Answer): Html {
  const answer = given.$ref ? document.components.responses[given.$ref.split('/').at(-1) ?? ''] : given
  const [[type, content] = []] = Object.entries(answer?.content ?? {})
  const isRefusal = Number(status) >= 400
  return html`<tr><td><b>${status}</b></td><td>${
    isRefusal
      ? answer?.description
      : content?.schema
        ? typeView(content.schema)
        : (type ?? answer?.description)
  }</td></tr>`
}
