import { createHash, type Hash } from 'node:crypto'
import type { RecordBatchHeader } from '@headgate/wire'

const ENTRY_BYTES = 12

/** What the trail keeps of batches: how many, how much, and a hash over base offset and CRC of each. */
export class BatchHash {
  readonly #hash: Hash = createHash('sha256')
  readonly #entry: Buffer = Buffer.alloc(ENTRY_BYTES)
  batches = 0
  records = 0
  bytes = 0
  leaderEpoch = -1

  add({ baseOffset, crc, recordCount, partitionLeaderEpoch }: RecordBatchHeader, bytes: number): void {
    this.#entry.writeBigInt64BE(baseOffset, 0)
    this.#entry.writeUInt32BE(crc, 8)
    this.#hash.update(this.#entry)
    this.batches += 1
    this.records += recordCount
    this.bytes += bytes
    this.leaderEpoch = partitionLeaderEpoch
  }

  /** The hash; nothing is added afterwards. */
  finish(): string {
    return this.#hash.digest('base64url')
  }
}
