// Bodies of requests as a client that is not a library sends them.
import { encodeBatch, encodeRecords, ZERO_UUID } from '@headgate/wire'

/** A batch of one record without a key. */
export function batch(value: string | Buffer): Buffer {
  const record = {
    attributes: 0,
    timestampDelta: 0n,
    offsetDelta: 0,
    key: null,
    value: Buffer.from(value),
    headers: [],
  }
  const now = BigInt(Date.now())
  const times = { baseTimestamp: now, maxTimestamp: now }
  const producer = { producerId: -1n, producerEpoch: -1, baseSequence: -1, recordCount: 1 }
  return encodeBatch(
    { baseOffset: 0n, partitionLeaderEpoch: -1, magic: 2, attributes: 0, lastOffsetDelta: 0, ...times, ...producer },
    encodeRecords([record]),
  )
}

/** Produces one record to partition 0 of each topic. */
export function produceBody(
  topics: readonly { readonly name?: string; readonly topicId?: string }[],
  acks = 1,
): object {
  const partitionData = [{ index: 0, records: batch('x') }]
  return {
    transactionalId: null,
    acks,
    timeoutMs: 5_000,
    topicData: topics.map(({ name = '', topicId = ZERO_UUID }) => ({ name, topicId, partitionData })),
  }
}

/** Fetches partition 0 of a topic from its start, outside of any session; `more` replaces what it names. */
export function fetchBody(topic: string, more: object = {}): object {
  const partition = {
    partition: 0,
    currentLeaderEpoch: -1,
    fetchOffset: 0n,
    lastFetchedEpoch: -1,
    logStartOffset: -1n,
    partitionMaxBytes: 1_000_000,
  }
  const limits = { maxWaitMs: 100, minBytes: 1, maxBytes: 1_000_000, isolationLevel: 0 }
  return {
    replicaId: -1,
    ...limits,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [{ topic, topicId: ZERO_UUID, partitions: [partition] }],
    ...more,
  }
}
