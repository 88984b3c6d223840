// The end of a log as text: whole lines where there are lines, whole characters everywhere.

const NEWLINE = 0x0a
const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80

/**
 * The last `maxBytes` bytes of `bytes` from a line's start, or from a character's where the line is longer than that,
 * without a character that is not complete yet. Bytes that are not UTF-8 become U+FFFD; the text, too, is at most
 * `maxBytes` long. `cut` says that more of the log stands before `bytes`.
 */
export function tailText(bytes: Buffer, maxBytes: number, cut: boolean): string {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(tailBytes(bytes, maxBytes, cut), {
    stream: true,
  })
  const encoded = Buffer.from(text)
  if (encoded.length <= maxBytes) return text
  // Each bad byte grew to three.
  return tailBytes(encoded, maxBytes, true).toString('utf8')
}

/** As tailText, bytes. */
function tailBytes(bytes: Buffer, maxBytes: number, cut: boolean): Buffer {
  if (bytes.length <= maxBytes && !cut) return bytes
  const from = Math.max(0, bytes.length - maxBytes)
  if (from > 0 && bytes[from - 1] === NEWLINE) return bytes.subarray(from)
  const newline = bytes.indexOf(NEWLINE, from)
  if (newline >= 0 && newline + 1 < bytes.length) return bytes.subarray(newline + 1)
  let start = from
  while (start < from + 3 && isContinuation(bytes[start])) start += 1
  return bytes.subarray(start)
}
