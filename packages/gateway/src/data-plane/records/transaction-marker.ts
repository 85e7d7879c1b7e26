import { BATCH_HEADER_BYTES, Compression, compressionOf, isControl } from '@headgate/wire'
import type { BatchFacts } from './batch-facts.ts'
import { RecordLayout } from './record-layout.ts'

/** Version and type, of 16 bits each. */
const KEY_BYTES = 4
/** Version and the coordinator's epoch take 6; later versions may add some. */
const MAX_VALUE_BYTES = 32

const layout = new RecordLayout()

/**
 * Whether a batch is one of the markers with which a broker ends a transaction, and can hold nothing else.
 *
 * Brokers take no control batch from a client; but what says that it is one, and is larger, would go past a mask, and some
 * clients show it.
 */
export function isTransactionMarker(bytes: Buffer, { start, end, attributes, recordCount }: BatchFacts): boolean {
  if (!isControl(attributes) || compressionOf(attributes) !== Compression.none || recordCount !== 1) return false
  if (!layout.read(bytes, start + BATCH_HEADER_BYTES, end) || layout.end !== end) return false
  return layout.keyLength === KEY_BYTES && layout.valueLength <= MAX_VALUE_BYTES && layout.headerCount === 0
}
