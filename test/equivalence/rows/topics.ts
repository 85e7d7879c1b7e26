import { ZERO_UUID } from '@headgate/wire'
import type { Row, RowContext } from '../row.ts'

const [METADATA, CREATE_TOPICS, DELETE_TOPICS, DELETE_RECORDS, CREATE_PARTITIONS, DESCRIBE_CLUSTER] = [
  3, 19, 20, 21, 37, 60,
]
const FIRST_METADATA_WITH_IDS = 12
const FIRST_METADATA_WITH_OPERATIONS = 8
const LAST_METADATA_WITH_CLUSTER_OPERATIONS = 10
const FIRST_DELETE_WITH_IDS = 6

const NAMES = [
  'allowed',
  'readable',
  'writable',
  'described',
  'altered',
  'configs',
  'foreign',
  'missing',
  'granted-missing',
  'team.a',
  'team.secret',
  'not a topic',
  '__consumer_offsets',
]

const named = (names: readonly string[]): object[] => names.map((name) => ({ name, topicId: ZERO_UUID }))

function byId(context: RowContext, names: readonly string[]): object[] {
  return names.map((name) => ({ name: null, topicId: context.topicId(name) }))
}

const metadataRow = (name: string, topics: readonly object[] | null, more: object = {}): Row => ({
  name,
  apiKey: METADATA,
  body: () => ({ topics, allowAutoTopicCreation: false, ...more }),
})

const operations = { includeTopicAuthorizedOperations: true }

const metadataRows: readonly Row[] = [
  metadataRow('metadata: named', named(NAMES)),
  metadataRow('metadata: all', null),
  metadataRow('metadata: none', []),
  metadataRow('metadata: denied', named(['foreign', 'missing'])),
  metadataRow('metadata: one named twice', named(['allowed', 'allowed', 'foreign', 'foreign'])),
  metadataRow('metadata: may be created', named(['granted-missing', 'missing', 'allowed']), {
    allowAutoTopicCreation: true,
  }),
  { ...metadataRow('metadata: all, for nobody', null), as: 'nobody' },
  { ...metadataRow('metadata: all, for an operator', null), as: 'operator' },
  {
    ...metadataRow('metadata: with operations', named(NAMES), operations),
    versions: { min: FIRST_METADATA_WITH_OPERATIONS },
  },
  {
    ...metadataRow('metadata: operations on the cluster', [], { includeClusterAuthorizedOperations: true }),
    versions: { min: FIRST_METADATA_WITH_OPERATIONS, max: LAST_METADATA_WITH_CLUSTER_OPERATIONS },
    as: 'operator',
  },
  {
    name: 'metadata: by id',
    apiKey: METADATA,
    versions: { min: FIRST_METADATA_WITH_IDS },
    body: (context) => ({
      topics: byId(context, ['allowed', 'described', 'foreign', 'missing', 'team.secret']),
      allowAutoTopicCreation: false,
    }),
  },
]

const created = (name: string, numPartitions = 1, replicationFactor = 1): object => ({
  name,
  numPartitions,
  replicationFactor,
  assignments: [],
  configs: [{ name: 'retention.ms', value: '1234567' }],
})

const creationRow = (name: string, topicsOf: (version: number) => readonly object[], validateOnly = false): Row => ({
  name,
  apiKey: CREATE_TOPICS,
  body: ({ version }) => ({ topics: topicsOf(version), timeoutMs: 5_000, validateOnly }),
})

const creationRows: readonly Row[] = [
  creationRow('create topics: mixed', (version) => [
    created(`new.${version}`, 2),
    created('foreign'),
    created('missing'),
    created('granted-missing'),
    created('team.secret'),
    created('allowed'),
    created('new.replicas', 1, 9),
    created('new.not a topic'),
  ]),
  creationRow('create topics: denied', () => [created('missing'), created('foreign')]),
  creationRow('create topics: validated only', (version) => [created(`new.v${version}`), created('missing')], true),
  creationRow('create topics: named twice', () => [created('new.twice'), created('new.twice'), created('missing')]),
  { ...creationRow('create topics: nobody', () => [created('new.x')]), as: 'nobody' },
  { ...creationRow('create topics: an operator', (version) => [created(`by-operator.${version}`)]), as: 'operator' },
]

const deletionRows: readonly Row[] = [
  {
    name: 'delete topics: mixed',
    apiKey: DELETE_TOPICS,
    body: ({ version }) => {
      const names = [`deletable.${version}`, 'foreign', 'missing', 'allowed', 'deletable.missing', 'team.secret']
      return {
        topicNames: version < FIRST_DELETE_WITH_IDS ? names : [],
        topics: topicsToDelete(version, names),
        timeoutMs: 5_000,
      }
    },
  },
  {
    name: 'delete topics: denied',
    apiKey: DELETE_TOPICS,
    versions: { max: FIRST_DELETE_WITH_IDS - 1 },
    body: () => ({ topicNames: ['foreign', 'allowed', 'missing'], timeoutMs: 5_000 }),
  },
  {
    name: 'delete topics: by id',
    apiKey: DELETE_TOPICS,
    versions: { min: FIRST_DELETE_WITH_IDS },
    body: (context) => ({
      topics: byId(context, ['deletable.7', 'foreign', 'allowed', 'missing', 'team.secret']),
      timeoutMs: 5_000,
    }),
  },
  {
    name: 'delete records: mixed',
    apiKey: DELETE_RECORDS,
    body: () => ({
      topics: ['deletable.records', 'allowed', 'foreign', 'missing', 'deletable.missing'].map((name) => ({
        name,
        partitions: [{ partitionIndex: 0, offset: 0n }],
      })),
      timeoutMs: 5_000,
    }),
  },
]

function topicsToDelete(version: number, names: readonly string[]): object[] {
  return version < FIRST_DELETE_WITH_IDS ? [] : named(names)
}

const partitionsRow = (name: string, counts: Readonly<Record<string, number>>, validateOnly: boolean): Row => ({
  name,
  apiKey: CREATE_PARTITIONS,
  body: () => ({
    topics: Object.entries(counts).map(([topic, count]) => ({ name: topic, count, assignments: null })),
    timeoutMs: 5_000,
    validateOnly,
  }),
})

/** Metadata, and the APIs that create, change and delete topics. */
export const topicRows: readonly Row[] = [
  ...metadataRows,
  ...creationRows,
  ...deletionRows,
  partitionsRow('create partitions: mixed', { altered: 2, allowed: 9, foreign: 9, missing: 9 }, false),
  partitionsRow('create partitions: denied', { allowed: 9, foreign: 9 }, false),
  partitionsRow('create partitions: validated only', { altered: 5, foreign: 9 }, true),
  {
    name: 'describe cluster',
    apiKey: DESCRIBE_CLUSTER,
    body: () => ({ includeClusterAuthorizedOperations: true }),
  },
  {
    name: 'describe cluster: an operator',
    apiKey: DESCRIBE_CLUSTER,
    as: 'operator',
    body: () => ({ includeClusterAuthorizedOperations: true }),
  },
]
