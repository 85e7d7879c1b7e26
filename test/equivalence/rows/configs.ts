import type { Row } from '../row.ts'

const [DESCRIBE_CONFIGS, ALTER_CONFIGS, INCREMENTAL_ALTER_CONFIGS] = [32, 33, 44]
const [UNKNOWN, TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP] = [0, 2, 4, 8, 16, 32]
const SET = 0
const FIRST_DESCRIBE_WITH_DOCUMENTATION = 3

const RESOURCES: readonly (readonly [type: number, name: string])[] = [
  [TOPIC, 'configs'],
  [TOPIC, 'settings'],
  [TOPIC, 'allowed'],
  [TOPIC, 'foreign'],
  [TOPIC, 'missing'],
  [BROKER, '0'],
  [BROKER, ''],
  [BROKER_LOGGER, '0'],
  [GROUP, 'own-settings'],
  [GROUP, 'foreign-group'],
]

const resources = (configs: object, rows = RESOURCES): object[] =>
  rows.map(([resourceType, resourceName]) => ({ resourceType, resourceName, ...configs }))

const ALTERED = { configs: [{ name: 'retention.ms', value: '7654321', configOperation: SET }] }

/** The APIs that show and change configurations. */
export const configRows: readonly Row[] = [
  {
    name: 'describe configs: mixed',
    apiKey: DESCRIBE_CONFIGS,
    body: () => ({ resources: resources({ configurationKeys: null }), includeSynonyms: true }),
  },
  {
    name: 'describe configs: some settings',
    apiKey: DESCRIBE_CONFIGS,
    versions: { min: FIRST_DESCRIBE_WITH_DOCUMENTATION },
    body: () => ({ resources: resources({ configurationKeys: ['retention.ms'] }), includeDocumentation: true }),
  },
  {
    name: 'describe configs: denied',
    apiKey: DESCRIBE_CONFIGS,
    body: () => ({ resources: resources({ configurationKeys: null }, [[TOPIC, 'foreign']]) }),
  },
  {
    name: 'describe configs: an operator',
    apiKey: DESCRIBE_CONFIGS,
    as: 'operator',
    body: () => ({
      resources: resources({ configurationKeys: ['log.retention.ms', 'super.users'] }, [
        [BROKER, '0'],
        [TOPIC, 'foreign'],
      ]),
    }),
  },
  {
    name: 'describe configs: client metrics',
    apiKey: DESCRIBE_CONFIGS,
    body: () => ({ resources: resources({ configurationKeys: null }, [[CLIENT_METRICS, 'x']]) }),
  },
  {
    name: 'describe configs: a type that nobody knows',
    apiKey: DESCRIBE_CONFIGS,
    body: () => ({ resources: resources({ configurationKeys: null }, [[UNKNOWN, 'x']]) }),
  },
  { name: 'alter configs: mixed', apiKey: ALTER_CONFIGS, body: () => ({ resources: resources(ALTERED) }) },
  {
    name: 'alter configs: denied',
    apiKey: ALTER_CONFIGS,
    body: () => ({ resources: resources(ALTERED, [[TOPIC, 'foreign']]) }),
  },
  {
    name: 'incremental alter configs: mixed',
    apiKey: INCREMENTAL_ALTER_CONFIGS,
    body: () => ({ resources: resources(ALTERED) }),
  },
  {
    name: 'incremental alter configs: validated only',
    apiKey: INCREMENTAL_ALTER_CONFIGS,
    body: () => ({ resources: resources(ALTERED), validateOnly: true }),
  },
]
