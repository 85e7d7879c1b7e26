import { apiMessage, type EntityField, entityFields, Writer, ZERO_UUID } from '@headgate/wire'
import { describe, expect, test } from 'vitest'
import type { AnyApi } from '../api.ts'
import { apis } from './apis.ts'
import { type ClientFixture, createClient, grant } from './call-fixture.ts'
import { createMessage, uuidOf } from './message-fixture.ts'

const NOTHING = 'rules: []'
const ALL_BUT_SECRETS = grant('*', 'secret*', 'describe, alter')

/** Request fields without which an API would answer by itself whatever the names. */
const REQUEST_FIELDS: Readonly<Record<string, unknown>> = {
  replicaId: -1,
  'replicaState.replicaId': -1,
  sessionId: 0,
  'resources[].resourceType': 2,
  memberEpoch: 0,
}

/** Fields whose names go on although they are not asked about, with the reason. */
const EXEMPT: ReadonlyMap<string, string> = new Map([
  ['68 topicPartitions[].topicId', 'partitions that the coordinator itself gave to the member, told back to it'],
])

/** Names that definitions do not mark: the key of FindCoordinator, and the topics among configured resources. */
const UNMARKED: readonly EntityField[] = [
  { apiKey: 10, direction: 'request', path: 'key', entity: 'groupId', minVersion: 0, maxVersion: 3 },
  { apiKey: 10, direction: 'request', path: 'coordinatorKeys[]', entity: 'groupId', minVersion: 4, maxVersion: 6 },
  {
    apiKey: 32,
    direction: 'request',
    path: 'resources[].resourceName',
    entity: 'topicName',
    minVersion: 1,
    maxVersion: 4,
  },
  {
    apiKey: 33,
    direction: 'request',
    path: 'resources[].resourceName',
    entity: 'topicName',
    minVersion: 0,
    maxVersion: 2,
  },
  {
    apiKey: 44,
    direction: 'request',
    path: 'resources[].resourceName',
    entity: 'topicName',
    minVersion: 0,
    maxVersion: 1,
  },
]

interface Row {
  readonly api: AnyApi
  readonly version: number
  readonly field: EntityField
  readonly keyType: number
}

const rows: Row[] = [...entityFields, ...UNMARKED]
  .filter(({ direction }) => direction === 'request')
  .flatMap((field) => {
    const api = apis.find(({ apiKey }) => apiKey === field.apiKey)
    if (api === undefined) return []
    const first = Math.max(field.minVersion, api.minVersion)
    const last = Math.min(field.maxVersion, api.maxVersion)
    const keyTypes = field.apiKey === 10 && last > 0 ? [0, 1] : [0]
    const versions = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index)
    return versions.flatMap((version) =>
      keyTypes.filter((keyType) => keyType === 0 || version > 0).map((keyType) => ({ api, version, field, keyType })),
    )
  })

/** What goes to the broker when one field of the request names something secret and the others do not. */
async function forwarded(client: ClientFixture, { api, version, field, keyType }: Row): Promise<Buffer | null> {
  let count = 0
  const entities = new Map([...entityFields, ...UNMARKED].flatMap((each) => plantable(each, api.apiKey, version)))
  const request = createMessage(api.apiKey, 'request', version, (path) => {
    const entity = entities.get(path)
    if (entity === undefined) return path === 'keyType' ? keyType : REQUEST_FIELDS[path]
    count += 1
    const name = path === field.path ? `secret-${count}` : `open-${count}`
    if (entity !== 'topicId') return name
    if (isIdTooEarly(api.apiKey, version) && path !== field.path) return ZERO_UUID
    client.cluster.learnTopic(name, uuidOf(1_000 + count))
    return uuidOf(1_000 + count)
  })
  const verdict = await api.decide(client.call(api.apiKey, version), request)
  if (verdict.kind !== 'forward') return null
  const writer = new Writer()
  apiMessage(api.apiKey).encodeRequest(writer, (verdict.request ?? request) as object, version)
  return writer.finish()
}

function plantable(field: EntityField, apiKey: number, version: number): [string, EntityField['entity']][] {
  const isHere = field.apiKey === apiKey && field.direction === 'request'
  return isHere && version >= field.minVersion && version <= field.maxVersion ? [[field.path, field.entity]] : []
}

/** Metadata has a place for ids in two versions that may not use it: Kafka answers an invalid request. */
function isIdTooEarly(apiKey: number, version: number): boolean {
  return apiKey === 3 && version < 12
}

function secretIds(client: ClientFixture): Buffer[] {
  const ids = Array.from({ length: 100 }, (_, index) => uuidOf(1_000 + index))
  return ids
    .filter((id) => client.cluster.topicName(id)?.startsWith('secret'))
    .map((id) => Buffer.from(id, 'base64url'))
}

describe('names in requests', () => {
  const titled = rows.map((row) => ({
    ...row,
    title: `${apiMessage(row.api.apiKey).name} v${row.version} ${row.field.path}`,
  }))

  test.each(titled)('$title goes nowhere where nothing is granted [every-entity-asked]', async (row) => {
    const client = createClient(NOTHING)
    const bytes = await forwarded(client, row)
    expect(bytes?.includes('secret-') ?? false).toBe(false)
    expect(bytes?.includes('open-') ?? false).toBe(false)
    for (const id of secretIds(client)) expect(bytes?.includes(id) ?? false).toBe(false)
  })

  const isExempt = ({ api, field }: Row): boolean => EXEMPT.has(`${api.apiKey} ${field.path}`)
  const [exempt, asked] = [titled.filter(isExempt), titled.filter((row) => !isExempt(row))]

  test.each(asked)('$title is refused where it alone is not granted [every-entity-asked]', async (row) => {
    const client = createClient(ALL_BUT_SECRETS)
    const bytes = await forwarded(client, row)
    expect(bytes?.includes('secret-') ?? false).toBe(false)
    for (const id of secretIds(client)) expect(bytes?.includes(id) ?? false).toBe(false)
    const isAsked = !row.field.path.startsWith('forgottenTopicsData') && bytes !== null
    if (isAsked) expect(client.denials.length).toBeGreaterThan(0)
  })

  test.each(exempt)('$title goes on unasked, which is why it is listed as exempt', async (row) => {
    const client = createClient(ALL_BUT_SECRETS)
    const bytes = await forwarded(client, row)
    expect(secretIds(client).some((id) => bytes?.includes(id) === true)).toBe(true)
  })
})
