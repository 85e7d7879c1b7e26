// Test fixture: a topic's log in memory, behind the port by which records are read once more.
import type { AuditRange } from '@headgate/audit'
import { decodeBatchHeader, walkBatches } from '@headgate/wire'
import type { RecordAnswer, RecordRequest, RecordSource } from '../../record-source.ts'
import { BatchHash } from './batch-hash.ts'

/** A log of whole batches; a test changes it as brokers, and people, do. */
export class KeptLog implements RecordSource {
  topicId: string | undefined = 'tid'
  outcome: RecordAnswer['outcome'] = 'read'
  logStartOffset = 0n
  batches: Buffer[] = []
  /** Gives one batch an answer, so that whoever reads has to go on. */
  readonly reads: bigint[] = []

  async read({ fromOffset }: RecordRequest): Promise<RecordAnswer> {
    this.reads.push(fromOffset)
    const { topicId, logStartOffset } = this
    const nothing = { topicId, logStartOffset, records: Buffer.alloc(0) }
    if (this.outcome !== 'read') return { outcome: this.outcome, ...nothing }
    if (fromOffset < logStartOffset) return { outcome: 'out-of-range', ...nothing }
    const found = this.batches.find((batch) => lastOffsetOf(batch) >= fromOffset)
    const end = this.batches.at(-1)
    if (found === undefined && end !== undefined && fromOffset > lastOffsetOf(end) + 1n)
      return { outcome: 'out-of-range', ...nothing }
    return { outcome: 'read', ...nothing, records: found ?? nothing.records }
  }

  /** The range of all that is in the log now, as the trail says it. */
  range(): AuditRange {
    const hash = new BatchHash()
    for (const batch of this.batches) hash.add(decodeBatchHeader(batch), batch.length)
    const { batches, records, bytes, leaderEpoch } = hash
    const [first = Buffer.alloc(61)] = this.batches
    const last = this.batches.at(-1) ?? first
    return {
      firstOffset: String(decodeBatchHeader(first).baseOffset),
      lastOffset: String(lastOffsetOf(last)),
      ...{ leaderEpoch, batches, records, bytes, hash: hash.finish() },
    }
  }

  /** Puts several batches in one answer's bytes apart. */
  add(bytes: Buffer): void {
    for (const { start, end } of walkBatches(bytes)) this.batches.push(bytes.subarray(start, end))
  }
}

function lastOffsetOf(batch: Buffer): bigint {
  const { baseOffset, lastOffsetDelta } = decodeBatchHeader(batch)
  return baseOffset + BigInt(lastOffsetDelta)
}
