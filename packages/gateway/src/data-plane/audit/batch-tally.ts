import { createHash, type Hash } from 'node:crypto'

const ENTRY_BYTES = 12
const GATHERED_ENTRIES = 32

/** Counts batches, and hashes base offset and CRC of each. */
export class BatchTally {
  readonly #hash: Hash = createHash('sha256')
  readonly #gathered: Buffer = Buffer.allocUnsafe(ENTRY_BYTES * GATHERED_ENTRIES)
  #gatheredBytes = 0
  batches = 0
  records = 0
  bytes = 0

  /** Adds a batch. */
  add(baseOffset: bigint, crc: number, records: number, bytes: number): void {
    this.batches += 1
    this.records += records
    this.bytes += bytes
    if (this.#gatheredBytes === this.#gathered.length) this.#digest()
    this.#gathered.writeBigInt64BE(baseOffset, this.#gatheredBytes)
    this.#gathered.writeUInt32BE(crc, this.#gatheredBytes + 8)
    this.#gatheredBytes += ENTRY_BYTES
  }

  /** The hash over all batches; nothing is added afterwards. */
  finish(): string {
    this.#digest()
    return this.#hash.digest('base64url')
  }

  #digest(): void {
    this.#hash.update(this.#gathered.subarray(0, this.#gatheredBytes))
    this.#gatheredBytes = 0
  }
}
