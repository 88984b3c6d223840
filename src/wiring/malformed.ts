// What is no HTTP, too much of it, or too slow, answered before there is a request: in the words of who listens.
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { AppError, toErrorBody } from '../api/error.ts'
import { ERRORS, type ErrorName } from '../api/errors.ts'
import { newUuid } from '../lib/id.ts'
import { leaf, xmlError } from '../storage/xml.ts'

type Name = Extract<ErrorName, 'HeadersTooLarge' | 'RequestTimeout' | 'BadRequest'>
export type Refusal = { readonly type: string; readonly body: string; readonly status: number }

const MESSAGES: Readonly<Record<Name, string>> = {
  HeadersTooLarge: 'headers: got more than 16 KiB; valid: less in all',
  RequestTimeout:
    'request: did not arrive in time; valid: headers within 15 s, at the API all of it within 60 s',
  BadRequest: 'request: is no HTTP/1.1 that can be read',
}

function nameOf(code: string | undefined): Name {
  if (code === 'HPE_HEADER_OVERFLOW') return 'HeadersTooLarge'
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'RequestTimeout' : 'BadRequest'
}

/** In the API's form. */
export function refuseAsApi(code: string | undefined): Refusal {
  const name = nameOf(code)
  const body = JSON.stringify(toErrorBody(new AppError(name, MESSAGES[name])))
  return { type: 'application/json', body, status: ERRORS[name].status }
}

/** In the object server's form. */
export function refuseAsObjects(code: string | undefined): Refusal {
  const name = nameOf(code)
  const body = xmlError(leaf('Code', S3_CODES[name]), leaf('Message', MESSAGES[name]))
  return { type: 'application/xml', body, status: ERRORS[name].status }
}

const S3_CODES: Readonly<Record<Name, string>> = {
  HeadersTooLarge: 'RequestHeaderSectionTooLarge',
  RequestTimeout: 'RequestTimeout',
  BadRequest: 'InvalidRequest',
}

/** Answers and closes. */
export function answerMalformed(socket: Duplex, { type, body, status }: Refusal): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}`,
    `Content-Type: ${type}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${newUuid()}`,
    'Connection: close',
  ]
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`)
}
