import { ZERO_UUID } from '@headgate/wire'
import { type BatchProducer, batch } from '../batch.ts'
import type { Row, RowContext } from '../row.ts'

const PRODUCE = 0
/** Kafka lists 0 to 2 for the sake of a client that looks for them, and ends a connection that uses them. */
export const FIRST_VERSION = 3
const FIRST_VERSION_WITH_IDS = 13

type Written = Readonly<Record<string, readonly number[]>>

interface ProduceOptions {
  readonly acks?: number
  readonly transactionalId?: string
  readonly producer?: BatchProducer
  /** In place of a record for each partition. */
  readonly records?: Buffer | null
}

/** A produce request for partitions by topic, named by name or by id as the version wants. */
export function produceBody(context: RowContext, written: Written, options: ProduceOptions = {}): object {
  const { acks = 1, transactionalId = null, producer, records } = options
  const hasIds = context.version >= FIRST_VERSION_WITH_IDS
  const recordsOf = (value: string): Buffer | null => (records === undefined ? batch(value, producer) : records)
  const topicData = Object.entries(written).map(([topic, partitions]) => ({
    name: hasIds ? '' : topic,
    topicId: hasIds ? context.topicId(topic) : ZERO_UUID,
    partitionData: partitions.map((index) => ({ index, records: recordsOf(`${topic}-${index}`) })),
  }))
  return { transactionalId, acks, timeoutMs: 5_000, topicData }
}

const MIXED: Written = {
  allowed: [0, 2, 99],
  readable: [0],
  foreign: [1, 99],
  missing: [0],
  'granted-missing': [0],
  'team.a': [0],
  'team.secret': [0],
  __consumer_offsets: [0],
}

const SOMEBODY: BatchProducer = { producerId: 4_711n, producerEpoch: 0 }

const row = (name: string, written: Written, options: ProduceOptions = {}): Row => ({
  name,
  apiKey: PRODUCE,
  versions: { min: FIRST_VERSION },
  body: (context) => produceBody(context, written, options),
})

/** Produce. */
export const produceRows: readonly Row[] = [
  row('produce: allowed', { allowed: [0, 1], writable: [0] }),
  row('produce: allowed, all replicas', { allowed: [1] }, { acks: -1 }),
  row('produce: mixed', MIXED),
  row('produce: mixed, all replicas', MIXED, { acks: -1 }),
  row('produce: denied', { foreign: [0, 1], readable: [0] }),
  { ...row('produce: nobody', { allowed: [0] }), as: 'nobody' },
  row('produce: nothing', {}),
  row('produce: no bytes of records', { allowed: [0], foreign: [0] }, { records: Buffer.alloc(0) }),
  row('produce: bytes that are no records', { allowed: [0], foreign: [0] }, { records: Buffer.from('not a batch') }),
  // Where they are granted, Kafka never answers.
  row('produce: no records, denied', { foreign: [0] }, { records: null }),
  row('produce: acks that Kafka does not know', { allowed: [0], foreign: [0] }, { acks: 7 }),
  row(
    'produce: transactional id denied',
    { allowed: [0], foreign: [0] },
    { transactionalId: 'foreign-tx', producer: SOMEBODY },
  ),
  row(
    'produce: transactional id denied, records of no transaction',
    { foreign: [0] },
    { transactionalId: 'foreign-tx' },
  ),
  row('produce: records of a transaction, without its id', { allowed: [0], foreign: [0] }, { producer: SOMEBODY }),
  { ...row('produce: unacknowledged, allowed', { allowed: [0] }, { acks: 0 }), unanswered: true },
  { ...row('produce: unacknowledged, mixed', { unacknowledged: [0], foreign: [0] }, { acks: 0 }), unanswered: true },
  { ...row('produce: unacknowledged, denied', { foreign: [0] }, { acks: 0 }), unanswered: true },
]
