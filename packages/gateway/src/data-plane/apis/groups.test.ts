import {
  apiMessage,
  type DescribeGroupsResponse,
  type DescribeGroupsResponseDescribedGroupMember,
  decodeAssignment,
  decodeSubscription,
  defaultConsumerGroupDescribeResponseMember,
  defaultConsumerProtocolAssignment,
  defaultConsumerProtocolSubscription,
  defaultDescribeGroupsResponseDescribedGroup,
  defaultDescribeGroupsResponseDescribedGroupMember,
  encodeAssignment,
  encodeSubscription,
} from '@headgate/wire'
import { describe, expect, test } from 'vitest'
import type { AnyApi, Verdict } from '../api.ts'
import { apis } from './apis.ts'
import { type ClientFixture, createClient } from './call-fixture.ts'
import { keepSubscription } from './group-subscription.ts'
import type { Fields } from './message-fixture.ts'

const READS_ORDERS = `
rules:
  - id: group
    who: everyone
    may: { as: ["g-*"] }
  - id: orders
    who: everyone
    may: { consume: [orders, payments] }
  - id: some-partitions
    who: everyone
    may: { consume: [limited], partitions: [0-2] }
  - id: not-all-partitions
    who: everyone
    may: { consume: [cut] }
  - id: not-these
    who: everyone
    never: { consume: [cut], partitions: [3] }
`
const GROUP_ONLY = `
rules:
  - id: group
    who: everyone
    may: { as: ["g-*"] }
`

function decide(client: ClientFixture, apiKey: number, fields: Fields, version?: number): Verdict<Fields, Fields> {
  const api = apis.find((each) => each.apiKey === apiKey) as AnyApi
  const request = { ...apiMessage(apiKey).defaultRequest(), ...fields }
  return api.decide(client.call(apiKey, version ?? api.maxVersion), request) as Verdict<Fields, Fields>
}

function joining(topics: readonly string[], protocolType = 'consumer'): Fields {
  const metadata = encodeSubscription({ ...defaultConsumerProtocolSubscription(), topics: [...topics] }, 1)
  return { groupId: 'g-1', protocolType, protocols: [{ name: 'range', metadata }] }
}

const codeOf = (verdict: Verdict<Fields, Fields>): unknown =>
  verdict.kind === 'answer' ? verdict.response['errorCode'] : verdict.kind

describe('joining a group', () => {
  test.each([
    [['orders'], 'forward'],
    [['orders', 'hidden'], 'forward'],
    [['hidden', 'other'], 30],
    [['orders', 'limited'], 29],
    [['limited'], 29],
    [['cut'], 29],
    [[], 'forward'],
  ])('with %j comes to %s', (topics, outcome) => {
    expect(codeOf(decide(createClient(READS_ORDERS), 11, joining(topics)))).toBe(outcome)
  })

  test('a refusal for topics is reported for each of them', () => {
    const client = createClient(READS_ORDERS)
    decide(client, 11, joining(['hidden', 'other']))
    expect(client.denials.map(({ resourceName }) => resourceName)).toEqual(['hidden', 'other'])
  })

  test.each([['nonsense'], ['']])(
    'a subscription that cannot be read (`%s`) is let pass: fetches are the gate',
    (text) => {
      const protocols = [{ name: 'range', metadata: Buffer.from(text) }]
      const client = createClient(READS_ORDERS)
      expect(codeOf(decide(client, 11, { groupId: 'g-1', protocolType: 'consumer', protocols }))).toBe('forward')
      expect(codeOf(decide(client, 12, { groupId: 'g-1' }))).toBe('forward')
    },
  )

  test('groups that are no consumers are let pass', () => {
    expect(codeOf(decide(createClient(READS_ORDERS), 11, joining(['hidden'], 'connect')))).toBe('forward')
  })

  test.each([
    [6, ''],
    [7, null],
  ])('a refusal in version %i names protocol %j, as Kafka does', (version, protocolName) => {
    const verdict = decide(createClient('rules: []'), 11, joining(['orders']), version)
    expect(verdict).toMatchObject({
      kind: 'answer',
      response: { errorCode: 30, generationId: -1, protocolName, members: [] },
    })
  })
})

describe('a member that has joined', () => {
  /** The same connection after a change of policy. */
  function joined(topics: readonly string[], policy: string): ClientFixture {
    const before = createClient(READS_ORDERS)
    decide(before, 11, joining(topics))
    const after = createClient(policy)
    for (const [groupId, names] of before.state.subscriptions) after.state.subscriptions.set(groupId, names)
    return after
  }

  test('is refused on heartbeat when it lost all its topics', () => {
    expect(codeOf(decide(joined(['orders', 'payments'], GROUP_ONLY), 12, { groupId: 'g-1' }))).toBe(30)
  })

  test('goes on while one is left', () => {
    const client = joined(['orders', 'hidden'], READS_ORDERS)
    expect(codeOf(decide(client, 12, { groupId: 'g-1' }))).toBe('forward')
  })

  test('is not asked again once it left', () => {
    const client = joined(['orders'], GROUP_ONLY)
    expect(codeOf(decide(client, 13, { groupId: 'g-1' }))).toBe('forward')
    expect(codeOf(decide(client, 12, { groupId: 'g-1' }))).toBe('forward')
  })
})

describe('what is kept of subscriptions', () => {
  test('is bounded in groups and in topics', () => {
    const { state } = createClient(GROUP_ONLY)
    for (let number = 0; number < 11; number += 1) keepSubscription(state, `g-${number}`, ['orders'])
    keepSubscription(
      state,
      'large',
      Array.from({ length: 10_001 }, () => 'orders'),
    )
    keepSubscription(state, 'long', ['o'.repeat(250)])
    expect([state.subscriptions.size, state.subscriptions.has('g-0')]).toEqual([10, false])
    expect([state.subscriptions.get('large'), state.subscriptions.get('long')]).toEqual([[], []])
  })
})

describe('a member of a group with a server-side assignor', () => {
  const beat = (client: ClientFixture, fields: Fields): unknown =>
    codeOf(decide(client, 68, { groupId: 'g-1', memberEpoch: 1, ...fields }))

  test.each([
    [['orders'], 'forward'],
    [['orders', 'hidden'], 29],
    [['limited', 'orders'], 29],
    [null, 'forward'],
  ])('that subscribes to %j comes to %s', (subscribedTopicNames, outcome) => {
    expect(beat(createClient(READS_ORDERS), { subscribedTopicNames })).toBe(outcome)
  })

  test('is refused when it lost all its topics, unless it leaves', () => {
    const client = createClient(GROUP_ONLY)
    client.state.subscriptions.set('g-1', ['orders'])
    expect(beat(client, { subscribedTopicNames: null })).toBe(30)
    expect(beat(client, { subscribedTopicNames: null, memberEpoch: -1 })).toBe('forward')
    expect(client.state.subscriptions.has('g-1')).toBe(false)
  })
})

describe('describing groups', () => {
  function describeMember(
    fields: Partial<DescribeGroupsResponseDescribedGroupMember>,
    protocolType = 'consumer',
  ): DescribeGroupsResponseDescribedGroupMember {
    const verdict = decide(createClient(READS_ORDERS), 15, { groups: ['g-1'] })
    const member = { ...defaultDescribeGroupsResponseDescribedGroupMember(), clientHost: '/10.0.0.1', ...fields }
    const group = { ...defaultDescribeGroupsResponseDescribedGroup(), groupId: 'g-1', protocolType, members: [member] }
    const response: DescribeGroupsResponse = { throttleTimeMs: 0, groups: [group] }
    if (verdict.kind === 'forward') verdict.edit?.(response as unknown as Fields)
    return response.groups[0]?.members[0] as DescribeGroupsResponseDescribedGroupMember
  }

  const owned = (...topics: string[]): { topic: string; partitions: number[] }[] =>
    topics.map((topic) => ({ topic, partitions: [0] }))
  const userData = Buffer.from('hidden')

  test('topics that are not seen are taken out of what members wrote', () => {
    const subscription = {
      ...defaultConsumerProtocolSubscription(),
      topics: ['orders', 'hidden'],
      ownedPartitions: owned('hidden', 'orders'),
      userData,
    }
    const assignment = {
      ...defaultConsumerProtocolAssignment(),
      assignedPartitions: owned('orders', 'hidden'),
      userData,
    }
    const member = describeMember({
      memberMetadata: encodeSubscription(subscription, 1),
      memberAssignment: encodeAssignment(assignment, 1),
    })
    expect(decodeSubscription(member.memberMetadata).message).toMatchObject({
      topics: ['orders'],
      ownedPartitions: owned('orders'),
      userData: null,
    })
    expect(decodeAssignment(member.memberAssignment).message).toMatchObject({
      assignedPartitions: owned('orders'),
      userData: null,
    })
    expect(member.clientHost).toBe('')
  })

  test.each(['consumer', 'connect'])('bytes of a %s that cannot be read are not shown', (protocolType) => {
    const member = describeMember(
      { memberMetadata: Buffer.from('hidden'), memberAssignment: Buffer.from('hidden') },
      protocolType,
    )
    expect([member.memberMetadata.length, member.memberAssignment.length]).toEqual([0, 0])
  })

  test('a group of the new protocol with a topic that is not seen is refused whole', () => {
    const verdict = decide(createClient(READS_ORDERS), 69, { groupIds: ['g-1', 'g-2'] })
    const member = (topic: string): Fields => ({
      ...defaultConsumerGroupDescribeResponseMember(),
      subscribedTopicNames: [topic],
    })
    const groups = [
      { groupId: 'g-1', errorCode: 0, authorizedOperations: 0, members: [member('orders')] },
      { groupId: 'g-2', errorCode: 0, authorizedOperations: 0, members: [member('orders'), member('hidden')] },
    ]
    const response: Fields = { groups }
    if (verdict.kind === 'forward') verdict.edit?.(response)
    expect(response['groups']).toMatchObject([
      { groupId: 'g-1', errorCode: 0, members: [{ clientHost: '' }] },
      { groupId: 'g-2', errorCode: 29, members: [] },
    ])
  })
})

describe('listing', () => {
  test.each([
    [16, 'groups', 'groupId', ['g-1', 'other'], ['g-1']],
    [66, 'transactionStates', 'transactionalId', ['t-1', 'other'], []],
  ])('api %i shows what may be described', (apiKey, list, key, names, seen) => {
    const verdict = decide(createClient(READS_ORDERS), apiKey, {})
    const response: Fields = { [list]: names.map((name) => ({ [key]: name })) }
    expect(verdict).toMatchObject({ kind: 'forward', request: null })
    if (verdict.kind === 'forward') expect(verdict.edit?.(response)).toBe(true)
    expect((response[list] as Fields[]).map((entry) => entry[key])).toEqual(seen)
  })

  test('an answer of which nothing is hidden goes on as it came', () => {
    const verdict = decide(createClient(READS_ORDERS), 16, {})
    if (verdict.kind === 'forward') expect(verdict.edit?.({ groups: [{ groupId: 'g-1' }] })).toBe(false)
  })
})

describe('offsets of all topics of a group', () => {
  test.each([7, 9])('are answered in version %i for those that may be described', (version) => {
    const asked = { groupId: 'g-1', topics: null }
    const verdict = decide(
      createClient(READS_ORDERS),
      9,
      version < 8 ? asked : { groups: [{ ...asked, memberId: null, memberEpoch: -1 }] },
      version,
    )
    const answered = {
      errorCode: 0,
      groupId: 'g-1',
      topics: [
        { name: 'orders', partitions: [] },
        { name: 'hidden', partitions: [] },
      ],
    }
    const response: Fields = version < 8 ? answered : { groups: [answered] }
    if (verdict.kind === 'forward') verdict.edit?.(response)
    expect(answered.topics.map(({ name }) => name)).toEqual(['orders'])
  })
})
