import { apiMessage, hostPortFields, Reader, Writer, ZERO_UUID } from '@headgate/wire'
import { describe, expect, test } from 'vitest'
import type { AnyApi } from '../api.ts'
import { apis } from './apis.ts'
import { ADVERTISED, createClient, grant } from './call-fixture.ts'
import { createMessage, type Fields, type Plant, uuidOf } from './message-fixture.ts'

const LEAK_HOST = 'leak.internal'
const LEAK_PORT = 4242

const TOPIC_ID = uuidOf(7)
const EVERYTHING = grant('*')

/** Request fields without which an API would not forward. */
const REQUEST_FIELDS: Readonly<Record<string, unknown>> = {
  replicaId: -1,
  'replicaState.replicaId': -1,
  endpointType: 1,
  keyType: 0,
  sessionId: 0,
  'resources[].resourceType': 4,
}

/** Brokers of the answer: two that are served, and two that are not. */
const BROKER_IDS = [0, 2, -1, 77]

const offered = apis.flatMap((api) =>
  versionsOf(api).map((version) => ({ api, version, name: apiMessage(api.apiKey).name })),
)

function versionsOf({ minVersion, maxVersion }: AnyApi): number[] {
  return Array.from({ length: maxVersion - minVersion + 1 }, (_, index) => minVersion + index)
}

/** Hosts that go on as they are: an access rule says from where it holds, in the words of whoever wrote it. */
const WRITTEN_BY_PEOPLE = ['29 resources[].acls[].host', '31 filterResults[].matchingAcls[].host']

function addressPaths(apiKey: number, version: number): string[] {
  return hostPortFields
    .filter((field) => field.apiKey === apiKey && version >= field.minVersion && version <= field.maxVersion)
    .map(({ path }) => path)
    .filter((path) => !WRITTEN_BY_PEOPLE.includes(`${apiKey} ${path}`))
}

/** An answer of the broker that names its own addresses wherever the version has a place for one. */
function leakingAnswer(apiKey: number, version: number): Fields {
  const paths = new Set(addressPaths(apiKey, version))
  let brokers = 0
  const plant: Plant = (path) => {
    if (paths.has(path)) return path.toLowerCase().endsWith('port') ? LEAK_PORT : LEAK_HOST
    if (/(?:^|\.)(?:nodeId|brokerId)$/.test(path)) return BROKER_IDS[brokers++ % BROKER_IDS.length]
    return path.endsWith('rrorCode') ? 0 : undefined
  }
  return createMessage(apiKey, 'response', version, plant, BROKER_IDS.length)
}

async function answerFor(api: AnyApi, version: number, response: Fields): Promise<Buffer> {
  const message = apiMessage(api.apiKey)
  const client = createClient(EVERYTHING)
  client.cluster.learnTopic('orders', TOPIC_ID)
  const hasIds = api.apiKey !== 3 || version >= 12
  const request = createMessage(api.apiKey, 'request', version, (path) => {
    if (path.endsWith('opicId')) return hasIds ? TOPIC_ID : ZERO_UUID
    return REQUEST_FIELDS[path]
  })
  const verdict = await api.decide(client.call(api.apiKey, version), request)
  if (verdict.kind !== 'forward')
    throw new Error(`${message.name} ${version} was not forwarded: ${JSON.stringify(verdict)}`)
  verdict.edit?.(response)
  const writer = new Writer()
  message.encodeResponse(writer, response, version)
  return writer.finish()
}

/** The values at a path, through arrays. */
function valuesAt(value: unknown, path: string): unknown[] {
  if (path === '') return [value]
  const [head = '', ...rest] = path.split('.')
  const inner = (value as Fields)[head.replace('[]', '')]
  const items = head.endsWith('[]') ? (inner as unknown[]) : [inner]
  return items.flatMap((item) => valuesAt(item, rest.join('.')))
}

describe('addresses in answers', () => {
  test.each(offered)(
    '$name v$version names no broker by its own address [no-address-leak]',
    async ({ api, version }) => {
      const message = apiMessage(api.apiKey)
      const bytes = await answerFor(api, version, leakingAnswer(api.apiKey, version))
      expect(bytes.includes(LEAK_HOST)).toBe(false)
      const decoded = message.decodeResponse(new Reader(bytes), version)
      for (const path of addressPaths(api.apiKey, version)) {
        const values = valuesAt(decoded, path)
        const isPort = path.toLowerCase().endsWith('port')
        const { host, firstPort } = ADVERTISED
        const told = isPort ? [firstPort, firstPort + 2, -1] : [host, '']
        expect(told, path).toEqual(expect.arrayContaining([...new Set(values)]))
      }
    },
  )

  test('the sweep meets every address field of an offered version', () => {
    const swept = offered.flatMap(({ api, version }) =>
      addressPaths(api.apiKey, version).map((path) => `${api.apiKey} ${path}`),
    )
    expect([...new Set(swept)].sort()).toEqual([
      '0 nodeEndpoints[].host',
      '0 nodeEndpoints[].port',
      '10 coordinators[].host',
      '10 coordinators[].port',
      '10 host',
      '10 port',
      '15 groups[].members[].clientHost',
      '3 brokers[].host',
      '3 brokers[].port',
      '60 brokers[].host',
      '60 brokers[].port',
      '69 groups[].members[].clientHost',
    ])
  })

  test('brokers that are served keep their place, others are left out', async () => {
    const metadata = apis.find(({ apiKey }) => apiKey === 3) as AnyApi
    const response = leakingAnswer(3, 12)
    await answerFor(metadata, 12, response)
    const { host, firstPort } = ADVERTISED
    expect((response['brokers'] as Fields[]).map(({ nodeId, host, port }) => ({ nodeId, host, port }))).toEqual([
      { nodeId: 0, host, port: firstPort },
      { nodeId: 2, host, port: firstPort + 2 },
    ])
  })
})
