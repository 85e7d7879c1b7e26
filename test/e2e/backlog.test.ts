import type { ApiVersionsResponse } from '@headgate/wire'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { apis } from '../../packages/gateway/src/data-plane/apis/apis.ts'
import { cappedVersions, hiddenApis } from '../../packages/gateway/src/data-plane/apis/hidden-apis.ts'
import { RawClient } from '../clients/raw-client.ts'
import type { KafkaVersion } from '../kafka/jars.ts'
import { type KafkaCluster, startKafka } from '../kafka/start-kafka.ts'

/** Answered by the gateway itself, before the sign-in too. */
const OWN_APIS = new Map([
  [17, 1],
  [18, 4],
  [36, 2],
])

describe.each<KafkaVersion>(['4.3.1', '3.9.2'])('Kafka %s', (version) => {
  let kafka: KafkaCluster
  let offered: ApiVersionsResponse

  beforeAll(async () => {
    kafka = await startKafka({ version, plaintext: true })
    const [host = '', port = ''] = (kafka.plaintextBootstrap ?? '').split(':')
    const client = await RawClient.connect({ host, port: Number(port) })
    offered = await client.request<ApiVersionsResponse>(18, 3, {
      clientSoftwareName: 'test',
      clientSoftwareVersion: '1',
    })
    client.close()
  })

  afterAll(() => kafka?.stop())

  test('every API that a broker offers is offered by the gateway too, or hidden for a reason [backlog-live]', () => {
    const known = new Set([
      ...OWN_APIS.keys(),
      ...apis.map(({ apiKey }) => apiKey),
      ...hiddenApis.map(({ apiKey }) => apiKey),
    ])

    expect(offered.apiKeys.map(({ apiKey }) => apiKey).filter((apiKey) => !known.has(apiKey))).toEqual([])
    expect(offered.apiKeys.length).toBeGreaterThan(40)
  })

  test('the newest version of each offered API is offered too, or capped for a reason [backlog-live]', () => {
    const newest = new Map<number, number>([
      ...OWN_APIS,
      ...apis.map(({ apiKey, maxVersion }) => [apiKey, maxVersion] as const),
    ])
    const isCapped = (apiKey: number, version: number): boolean =>
      cappedVersions.some((capped) => capped.apiKey === apiKey && capped.lastVersion >= version)
    const undecided = offered.apiKeys.filter(
      ({ apiKey, maxVersion }) =>
        maxVersion > (newest.get(apiKey) ?? Number.POSITIVE_INFINITY) && !isCapped(apiKey, maxVersion),
    )

    expect(undecided).toEqual([])
  })
})
