// CRC-32 of a whole out of the CRC-32s of its pieces, which were computed side by side. The method of zlib's
// crc32_combine: appending n zero bytes is a linear map over GF(2), and maps can be squared.

/** A map of 32-bit vectors as 32 columns. */
type Matrix = Uint32Array

const POLYNOMIAL = 0xedb88320

function times(matrix: Matrix, vector: number): number {
  let sum = 0
  for (let rest = vector, at = 0; rest !== 0; rest >>>= 1, at += 1) if (rest & 1) sum ^= matrix[at] as number
  return sum >>> 0
}

const squared = (matrix: Matrix): Matrix => matrix.map((column) => times(matrix, column))

/** Appends one zero bit. */
function oneBit(): Matrix {
  const matrix = new Uint32Array(32)
  matrix[0] = POLYNOMIAL
  for (let at = 1; at < 32; at += 1) matrix[at] = 2 ** (at - 1)
  return matrix
}

/** CRC-32 of one piece followed by another of `secondBytes` bytes. */
export function combineCrc32(first: number, second: number, secondBytes: number): number {
  let matrix = squared(squared(squared(oneBit())))
  let crc = first
  for (let bytes = secondBytes; bytes > 0; bytes = Math.floor(bytes / 2)) {
    if (bytes % 2 === 1) crc = times(matrix, crc)
    matrix = squared(matrix)
  }
  return (crc ^ second) >>> 0
}

/** As S3's headers spell it: four bytes, big-endian, in base64. */
export function crc32Text(crc: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc)
  return bytes.toString('base64')
}

/** The number of such a text; undefined when it is none. */
export function parseCrc32(text: string): number | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === 4 ? bytes.readUInt32BE(0) : undefined
}
