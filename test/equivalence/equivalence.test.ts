import { apiMessage, apiMessages } from '@headgate/wire'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cappedVersions, hiddenApis } from '../../packages/gateway/src/data-plane/apis/hidden-apis.ts'
import { until } from '../kafka/until.ts'
import { knownDifferences } from './known-differences.ts'
import { type Difference, differences, type NormalForm } from './normal-form.ts'
import { complaints, observe, observeKafkajs, versionsOf } from './observation.ts'
import type { KnownDifference } from './row.ts'
import { brokerRuleRows } from './rows/broker-rules.ts'
import { configRows } from './rows/configs.ts'
import { fetchRows } from './rows/fetch.ts'
import { groupRows } from './rows/groups.ts'
import { kafkajsRows } from './rows/kafkajs.ts'
import { produceRows } from './rows/produce.ts'
import { saslRows } from './rows/sasl.ts'
import { topicRows } from './rows/topics.ts'
import { transactionRows } from './rows/transactions.ts'
import { clusterState } from './side-effects.ts'
import { type Side, startDirectSide, startGatewaySide } from './sides.ts'

const rows = [
  ...saslRows,
  ...groupRows,
  ...produceRows,
  ...fetchRows,
  ...topicRows,
  ...configRows,
  ...transactionRows,
  ...brokerRuleRows,
]
const SETTLED_MS = 2_000

let kafka: Side
let gateway: Side
const told = new Set<string>()

beforeAll(async () => {
  ;[kafka, gateway] = await Promise.all([startDirectSide(), startGatewaySide()])
})

afterAll(() => Promise.all([kafka?.close(), gateway?.close()]))

describe('what is offered', () => {
  test('is what both the broker and the table of the gateway offer, and nothing else [backlog-live]', () => {
    const ofBroker = new Map(kafka.offered.apiKeys.map((offered) => [offered.apiKey, offered] as const))
    const beyond = gateway.offered.apiKeys.filter(({ apiKey, minVersion, maxVersion }) => {
      const broker = ofBroker.get(apiKey)
      return broker === undefined || minVersion < broker.minVersion || maxVersion > broker.maxVersion
    })
    const missing = [...ofBroker.values()].filter(({ apiKey }) => !gateway.versions.has(apiKey))
    const capped = gateway.offered.apiKeys.filter(
      ({ apiKey, maxVersion }) => maxVersion < (ofBroker.get(apiKey)?.maxVersion ?? 0),
    )

    expect(beyond).toEqual([])
    expect(missing.map(({ apiKey }) => apiKey).filter((apiKey) => !isHidden(apiKey))).toEqual([])
    expect(capped.filter(({ apiKey, maxVersion }) => !isCapped(apiKey, maxVersion + 1))).toEqual([])
    expect(gateway.offered.apiKeys.filter(({ apiKey }) => isHidden(apiKey))).toEqual([])
  })

  test.each(hiddenApis.filter(({ apiKey }) => apiMessages.has(apiKey)))(
    '$name is not answered: the connection ends [backlog-live]',
    async ({ apiKey }) => {
      const client = await gateway.connect('operator')
      const { minVersion, maxVersion } = apiMessage(apiKey)
      client.send(apiKey, Math.min(Math.max(minVersion, 0), maxVersion))
      await client.closed()
    },
  )
})

const isHidden = (apiKey: number): boolean => hiddenApis.some((hidden) => hidden.apiKey === apiKey)

function isCapped(apiKey: number, version: number): boolean {
  return cappedVersions.some(
    (capped) => capped.apiKey === apiKey && version >= capped.firstVersion && version <= capped.lastVersion,
  )
}

/** What the clusters have come to disagree on; what an earlier row told is not told again. */
async function stateDifferences(): Promise<Difference[]> {
  const [ofKafka, ofGateway] = await Promise.all([clusterState(kafka), clusterState(gateway)])
  return differences(ofKafka, ofGateway)
    .map((each) => ({ ...each, path: `state: ${each.path}` }))
    .filter((each) => !told.has(JSON.stringify(each)))
}

/** Compares the answers, and the clusters once they have settled. */
async function compare(
  meant: readonly KnownDifference[],
  observeOn: (side: Side) => Promise<NormalForm>,
): Promise<string[]> {
  const [ofKafka, ofGateway] = await Promise.all([observeOn(kafka), observeOn(gateway)])
  const answers = differences(ofKafka, ofGateway)
  let states: Difference[] = []
  const isSettled = async (): Promise<boolean> => {
    states = await stateDifferences()
    return complaints(states, meant.filter(isOfState)).length === 0
  }
  await until('the same state', isSettled, { timeoutMs: SETTLED_MS }).catch(() => undefined)
  for (const each of states) told.add(JSON.stringify(each))
  return complaints([...answers, ...states], meant)
}

const isOfState = ({ path }: KnownDifference): boolean => path.startsWith('state: ')

describe('the gateway answers and acts as Kafka with the same access rules [equivalence]', () => {
  test.each(rows)('$name', async (row) => {
    const versions = versionsOf(row, [kafka, gateway])
    expect(versions).not.toEqual([])
    const complained = new Map<string, number[]>()
    for (const version of versions)
      for (const line of await compare(meantDifferences(row, version), (side) => observe(row, version, side)))
        complained.set(line, [...(complained.get(line) ?? []), version])
    expect([...complained].map(([line, versions]) => `${line} (version ${versions})`)).toEqual([])
  })

  test.each(kafkajsRows)('$name', async (row) => {
    expect(await compare(meantDifferences(row), (side) => observeKafkajs(row, side))).toEqual([])
  })
})

function meantDifferences({ name }: { readonly name: string }, version = 0): KnownDifference[] {
  return knownDifferences.filter(({ row, versions: { min = 0, max = Number.POSITIVE_INFINITY } = {} }) => {
    return row === name && version >= min && version <= max
  })
}
