// The scalars of tables whose writers are known to be careless, read with findings instead of errors.
import { DECIMAL, type Findings, isObject, type Place, readDecimal, words } from './finding.ts'
import type { JsonObject } from './types.ts'

/** The largest `device_id` of any chip (310P3, ascend.md §1.3). */
export const MAX_PHYSICAL_ID = 31

/** What a reader carries along; `numbers` counts JSON numbers where strings are due. */
export type Reading = { readonly findings: Findings; numbers: number; firstNumber: string }

export const newReading = (findings: Findings): Reading => ({ findings, numbers: 0, firstNumber: '' })

/** One warning for all numbers that stood where strings are due. */
export function tellNumbers({ findings, numbers, firstNumber }: Reading): void {
  if (numbers === 0) return
  const got = `${numbers} JSON ${numbers === 1 ? 'number' : 'numbers'}, the first here`
  findings.warn(
    firstNumber,
    words(got),
    'strings, which the converted table has; HCCL itself refuses numbers',
    'EI0017',
  )
}

/** The number of a card; null, after a finding, when it is none that any chip has. */
export function readPhysicalId(reading: Reading, value: unknown, path: Place): number | null {
  const id = readId(reading, value, path)
  if (id === null || id <= MAX_PHYSICAL_ID) return id
  reading.findings.error(path, String(id), `0 to ${MAX_PHYSICAL_ID}`)
  return null
}

/** The devices of a list, each read by `readOne`, which reports and is told the place; what is none is left out. */
export function readDevices<D>(
  reading: Reading,
  list: unknown,
  path: string,
  readOne: (reading: Reading, device: JsonObject, list: string, at: number) => D | null,
): D[] {
  const devices: D[] = []
  for (const [at, value] of Array.isArray(list) ? list.entries() : []) {
    if (!isObject(value)) reading.findings.error(`${path}[${at}]`, value, 'an object', 'EI0017')
    const device = isObject(value) ? readOne(reading, value, path, at) : null
    if (device !== null) devices.push(device)
  }
  return devices
}

/** An address or a comma list of them; absent, null and empty are the same. Its form is checked later. */
export function readDeviceIp(findings: Findings, value: unknown, path: Place): string | null {
  if (value === undefined || value === null || value === '') return null
  if (typeof value === 'string') return value
  findings.error(path, value, 'a string with an IP address', 'EI0017')
  return null
}

/** A string of 1 to `limit` bytes; undefined, after an error, for anything else. */
export function readName(
  findings: Findings,
  value: unknown,
  path: string,
  limit: number,
): string | undefined {
  if (typeof value !== 'string') findings.error(path, value, `a string of 1 to ${limit} bytes`, 'EI0017')
  else if (value === '' || Buffer.byteLength(value) > limit) {
    const got = value === '' ? value : words(`${Buffer.byteLength(value)} bytes`)
    findings.error(path, got, `1 to ${limit} bytes`, 'EI0014')
  } else return value
  return undefined
}

/** A count: one that is absent is only warned of, because what it counts is there. Null, after a finding, for no integer. */
export const readCount = (reading: Reading, value: unknown, path: string): number | null =>
  readInteger(reading, value, path, value === undefined ? 'warn' : 'error')

/** An id, without which its device or rank is lost. Null, after an error, for no integer. */
export const readId = (reading: Reading, value: unknown, path: Place): number | null =>
  readInteger(reading, value, path, 'error')

/** An integer as a string, or as a JSON number, which is counted for `tellNumbers`. */
function readInteger(reading: Reading, value: unknown, path: Place, report: 'error' | 'warn'): number | null {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) {
    if (reading.numbers === 0) reading.firstNumber = typeof path === 'string' ? path : path()
    reading.numbers += 1
    return value
  }
  const decimal = typeof value === 'string' ? readDecimal(value) : undefined
  if (decimal !== undefined) return decimal
  reading.findings[report](path, value, DECIMAL, typeof value === 'string' ? 'EI0014' : 'EI0017')
  return null
}
