// What a check found, one line each, and the readers of scalars that report instead of throwing.
import type { JsonObject, TableDevice } from './types.ts'

/** HCCL's code for the same fault (ascend.md §1.13); null where HCCL would not mind. */
export type HcclCode = 'EI0004' | 'EI0014' | 'EI0017'

export type Finding = {
  /** An error means the table is refused. */
  readonly severity: 'error' | 'warning'
  /** `group_list[0].instance_list[1].devices[0].device_ip` */
  readonly path: string
  readonly got: string
  readonly valid: string
  readonly code: HcclCode | null
  /** Who would have given the code; null without one. */
  readonly source: string | null
}

/** Where HCCL gives each code, by the title its messages have (ascend.md §1.13). */
const SOURCES: Readonly<Record<HcclCode, string>> = {
  EI0004: 'HCCL File_Operation_Error_Parse, reading of the file',
  EI0014: 'HCCL Config_Error_Ranktable, check of values',
  EI0017: 'HCCL Config_Error_Ranktable, reading of keys',
}

const sourceOf = (code: HcclCode | null): string | null => (code === null ? null : SOURCES[code])

/**
 * A finding as one line: `error EI0014 server_count: got "3"; valid: "2", the length of server_list (HCCL
 * Config_Error_Ranktable, check of values)`.
 */
export function describeFinding({ severity, code, path, got, valid, source }: Finding): string {
  const from = source ? ` (${source})` : ''
  return `${severity}${code ? ` ${code}` : ''} ${path}: got ${got}; valid: ${valid}${from}`
}

/** True when nothing among the findings refuses the table. */
export function isAcceptable(findings: readonly Finding[]): boolean {
  return findings.every((finding) => finding.severity !== 'error')
}

/** Past this many, findings are only counted: a table of 10,000 servers can be wrong 80,000 times. */
const KEPT = 200

/** A path, or how to spell it: 80,000 devices have one each, and hardly ever is one needed. */
export type Place = string | (() => string)

/** Collects findings. */
export class Findings {
  readonly #isStrict: boolean
  readonly #kept: Finding[] = []
  #dropped = { error: 0, warning: 0 }

  /** @param mode strict: what HCCL would refuse is refused, though we could make sense of it */
  constructor(mode: 'strict' | 'compat' = 'compat') {
    this.#isStrict = mode === 'strict'
  }

  error(path: Place, got: unknown, valid: string, code: HcclCode | null = 'EI0014'): void {
    this.#add('error', path, got, valid, code)
  }

  warn(path: Place, got: unknown, valid: string, code: HcclCode | null = null): void {
    this.#add(this.#isStrict && code !== null ? 'error' : 'warning', path, got, valid, code)
  }

  /** How many errors there are so far. */
  get errors(): number {
    return this.#kept.filter(({ severity }) => severity === 'error').length + this.#dropped.error
  }

  /** What was found, in order; the last entries say how many were left out. */
  list(): Finding[] {
    const rest = (['error', 'warning'] as const).filter((severity) => this.#dropped[severity] > 0)
    return [
      ...this.#kept,
      ...rest.map((severity): Finding => {
        const got = `${this.#dropped[severity]} further findings of this kind`
        return { severity, path: '(table)', got, valid: 'none', code: null, source: null }
      }),
    ]
  }

  #add(
    severity: Finding['severity'],
    place: Place,
    got: unknown,
    valid: string,
    code: HcclCode | null,
  ): void {
    if (this.#kept.length >= KEPT) {
      this.#dropped[severity] += 1
      return
    }
    const path = typeof place === 'string' ? place : place()
    this.#kept.push({ severity, path, got: show(got), valid, code, source: sourceOf(code) })
  }
}

/** A value as a person should see it: JSON, cut at 80 characters; `nothing` when absent. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value instanceof Described) return value.text
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

/** Wraps words that `show` must not quote. */
export class Described {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}
export const words = (text: string): Described => new Described(text)

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The objects of a list with their places; anything else in it is reported and left out. */
export function objectsIn(
  findings: Findings,
  list: unknown,
  path: string,
): (readonly [object: JsonObject, path: string])[] {
  const found: (readonly [JsonObject, string])[] = []
  if (!Array.isArray(list)) return found
  for (const [index, value] of (list as unknown[]).entries()) {
    const at = `${path}[${index}]`
    if (isObject(value)) found.push([value, at])
    else findings.error(at, value, 'an object', 'EI0017')
  }
  return found
}

/** `group_list[0].instance_list[1].devices[0]`, or a key below it. */
export const devicePath = ({ list, at }: TableDevice, key = ''): string =>
  key === '' ? `${list}[${at}]` : `${list}[${at}].${key}`

/** Own key only, so that nothing is ever read from a prototype. */
export function field(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

const NO_KEYS: JsonObject = Object.freeze({})

/** Keys other than `known`; `__proto__` is dropped, so that a copy cannot change what an object is. */
export function extraKeys(object: JsonObject, known: readonly string[]): JsonObject {
  const isExtra = (key: string): boolean => !known.includes(key) && key !== '__proto__'
  // Nearly all of 80,000 devices have none.
  for (const key in object)
    if (isExtra(key)) return Object.fromEntries(Object.entries(object).filter(([name]) => isExtra(name)))
  return NO_KEYS
}

/** A decimal without sign, blanks, leading zeros or exponent, small enough to count exactly. */
export function readDecimal(text: string): number | undefined {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}

export const DECIMAL = 'a string of decimal digits without sign, blanks or leading zeros'
