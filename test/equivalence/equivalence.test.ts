import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../kafka/until.ts'
import { knownDifferences } from './known-differences.ts'
import { type Difference, differences } from './normal-form.ts'
import { complaints, observe, versionsOf } from './observation.ts'
import type { KnownDifference, Row } from './row.ts'
import { configRows } from './rows/configs.ts'
import { fetchRows } from './rows/fetch.ts'
import { groupRows } from './rows/groups.ts'
import { produceRows } from './rows/produce.ts'
import { topicRows } from './rows/topics.ts'
import { transactionRows } from './rows/transactions.ts'
import { clusterState } from './side-effects.ts'
import { type Side, startDirectSide, startGatewaySide } from './sides.ts'

const rows = [...groupRows, ...produceRows, ...fetchRows, ...topicRows, ...configRows, ...transactionRows]
const SETTLED_MS = 2_000

let kafka: Side
let gateway: Side
const told = new Set<string>()

beforeAll(async () => {
  ;[kafka, gateway] = await Promise.all([startDirectSide(), startGatewaySide()])
})

afterAll(() => Promise.all([kafka?.close(), gateway?.close()]))

/** What the clusters have come to disagree on; what an earlier row told is not told again. */
async function stateDifferences(): Promise<Difference[]> {
  const [ofKafka, ofGateway] = await Promise.all([clusterState(kafka), clusterState(gateway)])
  return differences(ofKafka, ofGateway)
    .map((each) => ({ ...each, path: `state: ${each.path}` }))
    .filter((each) => !told.has(JSON.stringify(each)))
}

/** Compares the answers, and the clusters once they have settled. */
async function compare(row: Row, version: number): Promise<string[]> {
  const meant = meantDifferences(row, version)
  const [ofKafka, ofGateway] = await Promise.all([observe(row, version, kafka), observe(row, version, gateway)])
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
      for (const line of await compare(row, version)) complained.set(line, [...(complained.get(line) ?? []), version])
    expect([...complained].map(([line, versions]) => `${line} (version ${versions})`)).toEqual([])
  })
})

function meantDifferences({ name }: Row, version: number): KnownDifference[] {
  return knownDifferences.filter(({ row, versions: { min = 0, max = Number.POSITIVE_INFINITY } = {} }) => {
    return row === name && version >= min && version <= max
  })
}
