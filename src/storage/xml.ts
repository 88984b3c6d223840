// The XML of S3: written by two small functions that escape everything, read by fast-xml-parser.
import { XMLParser } from 'fast-xml-parser'

/** Text that is no XML, or has a DOCTYPE. */
export class XmlError extends Error {
  override readonly name = 'XmlError'
}

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

// Control characters are legal in keys; S3 too writes them as references.
const escapeXml = (text: string): string =>
  text.replace(/[&<>"'\p{Cc}]/gu, (found) => ESCAPES[found] ?? `&#x${found.charCodeAt(0).toString(16)};`)

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

// Undone here because the parser drops references to control characters, and a key without its is another key.
const unescapeXml = (text: string): string =>
  text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/gi, (found, hex, decimal, name) => {
    if (name) return NAMED[name.toLowerCase()] ?? found
    const point = hex ? Number.parseInt(hex, 16) : Number(decimal)
    return point <= 0x10ffff ? String.fromCodePoint(point) : found
  })

/** `<name>escaped value</name>`. */
export const leaf = (name: string, value: string | number | boolean): string =>
  `<${name}>${escapeXml(String(value))}</${name}>`

/** `<name>` around what is already XML. */
export const element = (name: string, ...children: readonly string[]): string =>
  `<${name}>${children.join('')}</${name}>`

/** A whole document in S3's namespace. */
export const xmlDocument = (root: string, ...children: readonly string[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="${NAMESPACE}">${children.join('')}</${root}>`

/** A whole document of S3's error form, which has no namespace. */
export const xmlError = (...children: readonly string[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${element('Error', ...children)}`

/**
 * Reads a document whose `lists` elements repeat. Values stay strings, spaces included. Throws XmlError;
 * documents with a DOCTYPE are refused, so no entity can be defined.
 */
export function parseXml(text: string, lists: readonly string[]): Record<string, unknown> {
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) throw new XmlError('A DOCTYPE is not allowed')
  const parser = new XMLParser({
    parseTagValue: false,
    trimValues: false,
    processEntities: false,
    tagValueProcessor: (_name, value) => unescapeXml(value),
    removeNSPrefix: true,
    isArray: (name) => lists.includes(name),
  })
  try {
    return parser.parse(text, true) as Record<string, unknown>
  } catch (error) {
    throw new XmlError('The XML is not well-formed', { cause: error })
  }
}
