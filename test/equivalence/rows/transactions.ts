import type { InitProducerIdResponse } from '@headgate/wire'
import type { RawClient } from '../../clients/raw-client.ts'
import type { Prepared, Row, RowContext } from '../row.ts'
import { FIRST_VERSION, produceBody } from './produce.ts'

const [PRODUCE, INIT_PRODUCER_ID, ADD_PARTITIONS, ADD_OFFSETS, END_TXN, TXN_OFFSET_COMMIT] = [0, 22, 24, 25, 26, 28]
const [DESCRIBE_PRODUCERS, DESCRIBE_TRANSACTIONS, LIST_TRANSACTIONS] = [61, 65, 66]
const INIT_VERSION = 4
const TIMEOUT_MS = 600_000

const UNPREPARED = { producerId: -1n, producerEpoch: -1 }

const initRow = (name: string, transactionalId: string | null, transactionTimeoutMs = TIMEOUT_MS): Row => ({
  name,
  apiKey: INIT_PRODUCER_ID,
  body: () => ({ transactionalId, transactionTimeoutMs, ...UNPREPARED }),
})

async function init(client: RawClient, transactionalId: string): Promise<Partial<Prepared>> {
  const body = { transactionalId, transactionTimeoutMs: TIMEOUT_MS, ...UNPREPARED }
  const { producerId, producerEpoch } = await client.request<InitProducerIdResponse>(
    INIT_PRODUCER_ID,
    INIT_VERSION,
    body,
  )
  return { producerId, producerEpoch }
}

type Partitions = Readonly<Record<string, readonly number[]>>

function addBody(transactionalId: string, { producerId, producerEpoch }: Prepared, partitions: Partitions): object {
  return {
    v3AndBelowTransactionalId: transactionalId,
    v3AndBelowProducerId: producerId,
    v3AndBelowProducerEpoch: producerEpoch,
    v3AndBelowTopics: Object.entries(partitions).map(([name, indexes]) => ({ name, partitions: indexes })),
  }
}

/** A transaction that has begun. */
async function begin(client: RawClient, transactionalId: string): Promise<Partial<Prepared>> {
  const prepared = await init(client, transactionalId)
  const body = addBody(
    transactionalId,
    { memberId: '', generationId: -1, ...UNPREPARED, ...prepared },
    { allowed: [0] },
  )
  await client.request(ADD_PARTITIONS, 3, body)
  return prepared
}

async function abort(client: RawClient, transactionalId: string, prepared: Prepared): Promise<void> {
  const { producerId, producerEpoch } = prepared
  await client.request(END_TXN, 3, { transactionalId, producerId, producerEpoch, committed: false })
}

interface TransactionOptions {
  readonly name: string
  readonly apiKey: number
  /** `null`: nothing is prepared. */
  readonly prepare: ((client: RawClient, transactionalId: string) => Promise<Partial<Prepared>>) | null
  readonly body: (context: RowContext, transactionalId: string) => object
  readonly versions?: Row['versions']
  readonly isAborted?: boolean
}

/** A row in a transaction of its own, one for each version. */
function transactionRow({ name, apiKey, prepare, body, versions, isAborted }: TransactionOptions): Row {
  const idOf = (version: number): string => `tx-${name.replaceAll(/[^a-z]+/g, '-')}-${version}`
  return {
    name,
    apiKey,
    ...(versions === undefined ? {} : { versions }),
    ...(prepare === null ? {} : { prepare: (client, version) => prepare(client, idOf(version)) }),
    body: (context) => body(context, idOf(context.version)),
    ...(isAborted === true ? { finish: (client, prepared, version) => abort(client, idOf(version), prepared) } : {}),
  }
}

const ADDED_MIXED: Partitions = { allowed: [0, 1], foreign: [0], readable: [0], missing: [0], 'team.secret': [0] }

const addRows: readonly Row[] = [
  transactionRow({
    name: 'add partitions: allowed',
    apiKey: ADD_PARTITIONS,
    prepare: init,
    body: ({ prepared }, id) => addBody(id, prepared, { allowed: [0, 1], writable: [0] }),
    isAborted: true,
  }),
  transactionRow({
    name: 'add partitions: mixed',
    apiKey: ADD_PARTITIONS,
    prepare: init,
    body: ({ prepared }, id) => addBody(id, prepared, ADDED_MIXED),
  }),
  transactionRow({
    name: 'add partitions: one that does not exist',
    apiKey: ADD_PARTITIONS,
    prepare: init,
    body: ({ prepared }, id) => addBody(id, prepared, { allowed: [0, 99], 'granted-missing': [0] }),
  }),
  {
    name: 'add partitions: transactional id denied',
    apiKey: ADD_PARTITIONS,
    body: ({ prepared }) => addBody('foreign-tx', prepared, ADDED_MIXED),
  },
  {
    name: 'add partitions: transactional id seen only',
    apiKey: ADD_PARTITIONS,
    body: ({ prepared }) => addBody('seen-tx', prepared, { allowed: [0] }),
  },
]

const offsetsBody = (transactionalId: string, groupId: string, { producerId, producerEpoch }: Prepared): object => ({
  transactionalId,
  groupId,
  producerId,
  producerEpoch,
})

const offsetRows: readonly Row[] = [
  transactionRow({
    name: 'add offsets: own group',
    apiKey: ADD_OFFSETS,
    prepare: init,
    body: ({ prepared }, id) => offsetsBody(id, 'own-tx', prepared),
    isAborted: true,
  }),
  transactionRow({
    name: 'add offsets: group denied',
    apiKey: ADD_OFFSETS,
    prepare: init,
    body: ({ prepared }, id) => offsetsBody(id, 'foreign-group', prepared),
  }),
  {
    name: 'add offsets: transactional id denied',
    apiKey: ADD_OFFSETS,
    body: ({ prepared }) => offsetsBody('foreign-tx', 'own-tx', prepared),
  },
]

const committed = (topics: readonly string[]): object[] =>
  topics.map((name) => ({
    name,
    partitions: [{ partitionIndex: 0, committedOffset: 1n, committedLeaderEpoch: -1, committedMetadata: null }],
  }))

const COMMITTED = ['allowed', 'foreign', 'writable', 'missing', 'granted-missing']

const commitBody = (context: RowContext, id: string, groupId: string, topics: readonly string[]): object => ({
  ...offsetsBody(id, groupId, context.prepared),
  topics: committed(topics),
})

const commitRows: readonly Row[] = [
  transactionRow({
    name: 'txn offset commit: mixed',
    apiKey: TXN_OFFSET_COMMIT,
    prepare: async (client, id) => {
      const prepared = await init(client, id)
      await client.request(
        ADD_OFFSETS,
        3,
        offsetsBody(id, 'own-tx', { memberId: '', generationId: -1, ...UNPREPARED, ...prepared }),
      )
      return prepared
    },
    body: (context, id) => commitBody(context, id, 'own-tx', COMMITTED),
    isAborted: true,
  }),
  transactionRow({
    name: 'txn offset commit: topics denied',
    apiKey: TXN_OFFSET_COMMIT,
    prepare: init,
    body: (context, id) => commitBody(context, id, 'own-tx', ['foreign', 'writable']),
  }),
  transactionRow({
    name: 'txn offset commit: group denied',
    apiKey: TXN_OFFSET_COMMIT,
    prepare: init,
    body: (context, id) => commitBody(context, id, 'foreign-group', COMMITTED),
  }),
  {
    name: 'txn offset commit: transactional id denied',
    apiKey: TXN_OFFSET_COMMIT,
    body: (context) => commitBody(context, 'foreign-tx', 'own-tx', COMMITTED),
  },
]

const endBody = (transactionalId: string, { producerId, producerEpoch }: Prepared, committed: boolean): object => ({
  transactionalId,
  producerId,
  producerEpoch,
  committed,
})

const endRows: readonly Row[] = [
  transactionRow({
    name: 'end txn: commit',
    apiKey: END_TXN,
    prepare: begin,
    body: ({ prepared }, id) => endBody(id, prepared, true),
  }),
  transactionRow({
    name: 'end txn: abort',
    apiKey: END_TXN,
    prepare: begin,
    body: ({ prepared }, id) => endBody(id, prepared, false),
  }),
  transactionRow({
    name: 'end txn: of nobody',
    apiKey: END_TXN,
    prepare: null,
    body: ({ prepared }, id) => endBody(id, prepared, true),
  }),
  { name: 'end txn: denied', apiKey: END_TXN, body: ({ prepared }) => endBody('foreign-tx', prepared, true) },
]

/** Producer ids and transactions. */
export const transactionRows: readonly Row[] = [
  initRow('init producer id: own', 'tx-init'),
  initRow('init producer id: idempotent', null),
  initRow('init producer id: denied', 'foreign-tx'),
  initRow('init producer id: seen only', 'seen-tx'),
  initRow('init producer id: longer than the broker allows', 'tx-long', 86_400_000),
  { ...initRow('init producer id: nobody', null), as: 'nobody' },
  { ...initRow('init producer id: an operator', null), as: 'operator' },
  ...addRows,
  transactionRow({
    name: 'produce: in a transaction, mixed',
    apiKey: PRODUCE,
    versions: { min: FIRST_VERSION },
    prepare: begin,
    body: (context, transactionalId) =>
      produceBody(
        context,
        { allowed: [0], foreign: [0], readable: [0] },
        { acks: -1, transactionalId, producer: context.prepared },
      ),
    isAborted: true,
  }),
  ...offsetRows,
  ...commitRows,
  ...endRows,
  {
    name: 'describe producers: mixed',
    apiKey: DESCRIBE_PRODUCERS,
    body: () => ({
      topics: ['allowed', 'foreign', 'writable', 'missing', 'granted-missing'].map((name) => ({
        name,
        partitionIndexes: [2, 99],
      })),
    }),
  },
  {
    name: 'describe transactions: mixed',
    apiKey: DESCRIBE_TRANSACTIONS,
    body: () => ({ transactionalIds: ['tx-init', 'foreign-tx', 'seen-tx', 'tx-missing'] }),
  },
  { name: 'list transactions', apiKey: LIST_TRANSACTIONS, body: () => ({}) },
  { name: 'list transactions: for nobody', apiKey: LIST_TRANSACTIONS, as: 'nobody', body: () => ({}) },
]
