// Our own stdout, for programs' output: where whoever reads it is slow, so are they, and nothing piles up in our memory.
import type { Writable } from 'node:stream'
import { drained } from '../lib/drained.ts'

/** Prints; a promise asks the caller to wait until there is room again. */
export type Print = (bytes: Uint8Array | string) => void | Promise<void>

/** A reader that went away is no reason to wait, or to die in the middle of ending ranks: the rest is dropped. */
export function printTo(stream: Writable): Print {
  let room: Promise<void> | null = null
  stream.on('error', () => undefined)
  return (bytes) => {
    if (!stream.writable) return
    if (bytes.length > 0 && stream.write(bytes)) return
    if (!stream.writableNeedDrain) return
    room ??= drained(stream).then(() => {
      room = null
    })
    return room
  }
}
