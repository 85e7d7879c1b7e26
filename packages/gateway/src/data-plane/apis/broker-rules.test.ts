import { ENFORCED, type EnforcementModes, type Principal } from '@headgate/policy'
import { apiMessage } from '@headgate/wire'
import { describe, expect, test } from 'vitest'
import { apis } from './apis.ts'
import { type ClientFixture, createClient } from './call-fixture.ts'
import type { Fields } from './message-fixture.ts'

const [DESCRIBE_ACLS, CREATE_ACLS, DELETE_ACLS, ALTER_REASSIGNMENTS, LIST_REASSIGNMENTS] = [29, 30, 31, 45, 46]
const MAY_NOTHING = 'rules: [{ id: reads, who: everyone, may: { consume: [orders] } }]'
const MAY_DESCRIBE = 'rules: [{ id: looks, who: everyone, may: { cluster: [describe] } }]'
const MAY_ALTER = 'rules: [{ id: runs, who: everyone, may: { cluster: [alter] } }]'
const FROM_THE_BROKERS: Principal = { issuer: 'brokers:main', subject: 'alice', groups: [] }

interface Decided {
  readonly kind: string
  readonly request: Fields | null
  readonly edit: ((response: Fields) => unknown) | null
  readonly response: Fields
}

function decide(client: ClientFixture, apiKey: number, fields: Fields = {}): Decided {
  const api = apis.find((each) => each.apiKey === apiKey)
  if (api === undefined) throw new Error(`${apiKey} is not offered`)
  const request = { ...apiMessage(apiKey).defaultRequest(), ...fields }
  return api.decide(client.call(apiKey, api.maxVersion), request) as unknown as Decided
}

function audited(client: ClientFixture): ClientFixture {
  client.trail.keepsTrail = true
  return client
}

const changes = (client: ClientFixture): unknown[] =>
  client.trail.events.map((event) => {
    if (event.event !== 'change.granted') throw new Error(event.event)
    return [event.kafka?.api, event.resourceType, event.resourceName, event.operation, event.ruleIds]
  })

describe('access rules of the brokers', () => {
  test('are shown by Describe on the cluster, and nothing is put on record', () => {
    const client = audited(createClient(MAY_DESCRIBE))

    expect(decide(client, DESCRIBE_ACLS)).toMatchObject({ kind: 'forward', request: null, edit: null })
    expect(decide(client, CREATE_ACLS, { creations: [] }).kind).toBe('answer')
    expect(client.trail.events).toEqual([])
  })

  test('are changed by Alter on the cluster, which is on record each time', () => {
    const client = audited(createClient(MAY_ALTER))

    for (const apiKey of [CREATE_ACLS, DELETE_ACLS])
      expect(decide(client, apiKey)).toMatchObject({ kind: 'forward', request: null, edit: null })
    expect(changes(client)).toEqual([
      ['CreateAcls', 'cluster', 'kafka-cluster', 'Alter', ['runs']],
      ['DeleteAcls', 'cluster', 'kafka-cluster', 'Alter', ['runs']],
    ])
  })

  test('a denial says what was refused, and shows no rule', () => {
    const client = createClient(MAY_NOTHING)

    expect(decide(client, DESCRIBE_ACLS).response).toMatchObject({ errorCode: 31, resources: [] })
    expect(client.denials).toMatchObject([{ resourceType: 'cluster', operation: 'Describe', errorCode: 31 }])
  })

  describe.each(['warn', 'observe'] as const)('under %s', (mode) => {
    const modes: EnforcementModes = { ...ENFORCED, cluster: mode }
    const asked = [DESCRIBE_ACLS, CREATE_ACLS, DELETE_ACLS]

    test.each(asked)('API %i is refused without a grant', (apiKey) => {
      const client = audited(createClient(MAY_NOTHING, [], modes))

      expect(decide(client, apiKey).kind).toBe('answer')
      expect(client.denials).toMatchObject([{ resourceType: 'cluster', decision: { reason: 'no-rule' } }])
      expect([client.wouldDeny, client.trail.events]).toEqual([[], []])
    })

    test('a grant is one', () => {
      expect(decide(createClient(MAY_DESCRIBE, [], modes), DESCRIBE_ACLS).kind).toBe('forward')
      expect(decide(createClient(MAY_ALTER, [], modes), CREATE_ACLS).kind).toBe('forward')
    })

    test.each(asked)('API %i of a client with a credential of the brokers is theirs to refuse', (apiKey) => {
      expect(decide(createClient(MAY_NOTHING, [], modes, FROM_THE_BROKERS), apiKey).kind).toBe('forward')
    })
  })
})

describe('moving partitions', () => {
  const POLICY = `
rules:
  - id: runs
    who: everyone
    may: { cluster: [alter], alter: ["*"], describe: [seen] }
  - id: never-the-ledger
    who: everyone
    never: { alter: [ledger] }
`
  const move = (...names: readonly string[]): Fields => ({
    topics: names.map((name) => ({ name, partitions: [{ partitionIndex: 0, replicas: [1] }] })),
  })

  test('wants Alter on each topic beside that on the cluster', () => {
    const client = audited(createClient(POLICY))
    const { request, edit } = decide(client, ALTER_REASSIGNMENTS, move('orders', 'ledger', '__consumer_offsets'))
    const moved = [{ name: 'orders', partitions: [{ partitionIndex: 0, errorCode: 0, errorMessage: null }] }]
    const response = { errorCode: 0, responses: moved }
    edit?.(response)

    expect(request).toMatchObject({ topics: [{ name: 'orders' }] })
    expect(response).toMatchObject({
      errorCode: 0,
      responses: [
        { name: 'orders', partitions: [{ errorCode: 0 }] },
        { name: 'ledger', partitions: [{ partitionIndex: 0, errorCode: 29 }] },
        { name: '__consumer_offsets', partitions: [{ partitionIndex: 0, errorCode: 29 }] },
      ],
    })
    expect(changes(client)).toEqual([
      ['AlterPartitionReassignments', 'topic', 'orders', 'Alter', ['runs']],
      ['AlterPartitionReassignments', 'cluster', 'kafka-cluster', 'Alter', ['runs']],
    ])
  })

  test('where every topic is refused nothing goes on, and nothing is on record', () => {
    const client = audited(createClient(POLICY))

    expect(decide(client, ALTER_REASSIGNMENTS, move('ledger')).response).toMatchObject({
      errorCode: 0,
      responses: [{ name: 'ledger', partitions: [{ errorCode: 29 }] }],
    })
    expect(client.trail.events).toEqual([])
  })

  test('without the cluster no topic is asked about', () => {
    const client = audited(createClient('rules: [{ id: alters, who: everyone, may: { alter: ["*"] } }]'))

    expect(decide(client, ALTER_REASSIGNMENTS, move('orders')).response).toMatchObject({ errorCode: 31 })
    expect(client.denials).toMatchObject([{ resourceType: 'cluster', operation: 'Alter' }])
    expect(client.trail.events).toEqual([])
  })
})

describe('partitions on the move', () => {
  const POLICY = `
topics:
  - match: [listed]
    discoverable: true
  - match: [asked]
    approval: { by: [leads], for: 1h }
rules:
  - id: looks
    who: everyone
    may: { cluster: [describe], describe: [seen], consume: [asked] }
`
  const MOVING = ['seen', 'listed', 'asked', 'hidden', '__consumer_offsets']
  const answered = (names = MOVING): Fields => ({
    errorCode: 0,
    topics: names.map((name) => ({ name, partitions: [] })),
  })
  const named = (names: readonly string[]): Fields => ({
    topics: names.map((name) => ({ name, partitionIndexes: [0] })),
  })

  test('are listed of topics that are seen', () => {
    const { kind, request, edit } = decide(createClient(POLICY), LIST_REASSIGNMENTS, { topics: null })
    const response = answered()

    expect([kind, request, edit?.(response)]).toEqual(['forward', null, true])
    expect(response['topics']).toMatchObject([{ name: 'seen' }, { name: 'listed' }])
  })

  test('of named topics those go on that are shown, and the others are not told', () => {
    const client = createClient(POLICY)
    const { request, edit } = decide(client, LIST_REASSIGNMENTS, named(MOVING))
    const response = answered()
    edit?.(response)

    expect(request).toMatchObject(named(['seen', 'listed', 'asked']))
    expect(response['topics']).toMatchObject([{ name: 'seen' }, { name: 'listed' }, { name: 'asked' }])
    expect(client.denials).toMatchObject([{ resourceName: 'hidden' }, { resourceName: '__consumer_offsets' }])
  })

  test('where none is shown the answer is that of a cluster at rest', () => {
    const { response } = decide(createClient(POLICY), LIST_REASSIGNMENTS, named(['hidden', 'missing']))

    expect(response).toMatchObject({ errorCode: 0, errorMessage: null, topics: [] })
  })

  test('where all are shown the request goes on as it is', () => {
    const verdict = decide(createClient(POLICY), LIST_REASSIGNMENTS, named(['seen']))

    expect(verdict).toMatchObject({ kind: 'forward', request: null, edit: null })
  })
})
