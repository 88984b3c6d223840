// Beside a stream that was cut off at its job's budget: how far it was kept, how much came after that, and how much of
// that its log tells of. 24 bytes, written in one piece; the task goes on counting all it prints.
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

const BYTES = 24

export class CutFile implements AsyncDisposable {
  readonly #file: FileHandle
  /** Bytes of the stream that stand in its raw file. */
  readonly keptBytes: number
  #lostBytes: number
  #toldBytes: number

  private constructor(
    file: FileHandle,
    [keptBytes, lostBytes, toldBytes]: readonly [number, number, number],
  ) {
    this.#file = file
    this.keptBytes = keptBytes
    this.#lostBytes = lostBytes
    this.#toldBytes = toldBytes
  }

  /** null where nothing was cut. */
  static async find(path: string): Promise<CutFile | null> {
    const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW).catch((error) => {
      if (error.code === 'ENOENT') return null
      throw error
    })
    if (file === null) return null
    const { buffer, bytesRead } = await file.read(Buffer.alloc(BYTES), 0, BYTES, 0)
    if (bytesRead === BYTES)
      return new CutFile(file, [numberAt(buffer, 0), numberAt(buffer, 8), numberAt(buffer, 16)])
    // A power cut came between making it and writing it: the stream goes on as if it had not been made.
    await file.close()
    return null
  }

  /** Cuts a stream off after `keptBytes`. */
  static async make(path: string, keptBytes: number, lostBytes: number): Promise<CutFile> {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600)
    const cut = new CutFile(file, [keptBytes, lostBytes, 0])
    try {
      await cut.#save(lostBytes, 0)
      return cut
    } catch (error) {
      await file.close()
      throw error
    }
  }

  get lostBytes(): number {
    return this.#lostBytes
  }

  get untoldBytes(): number {
    return this.#lostBytes - this.#toldBytes
  }

  /** Counts bytes that were not kept. */
  async lose(sizeBytes: number): Promise<void> {
    await this.#save(this.#lostBytes + sizeBytes, this.#toldBytes)
  }

  /** The log tells of all of them now. */
  async told(): Promise<void> {
    await this.#save(this.#lostBytes, this.#lostBytes)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
  }

  async #save(lostBytes: number, toldBytes: number): Promise<void> {
    const record = Buffer.alloc(BYTES)
    for (const [index, value] of [this.keptBytes, lostBytes, toldBytes].entries())
      record.writeBigUInt64LE(BigInt(value), index * 8)
    await this.#file.write(record, 0, BYTES, 0)
    this.#lostBytes = lostBytes
    this.#toldBytes = toldBytes
  }
}

const numberAt = (record: Buffer, offset: number): number => Number(record.readBigUInt64LE(offset))
