import { GRANTED_PARTITIONS_PROTOCOL } from '@headgate/policy'
import {
  apiMessage,
  decodeAssignment,
  decodeSubscription,
  defaultConsumerProtocolAssignment,
  defaultConsumerProtocolAssignmentTopicPartition,
  defaultConsumerProtocolSubscription,
  encodeAssignment,
  encodeSubscription,
  type JoinGroupRequestProtocol,
} from '@headgate/wire'
import { describe, expect, test } from 'vitest'
import type { AnyApi, Verdict } from '../api.ts'
import { apis } from './apis.ts'
import { type ClientFixture, createClient } from './call-fixture.ts'
import type { Fields } from './message-fixture.ts'

const policyWith = (partitions: string): string => `
rules:
  - id: group
    who: everyone
    may: { as: ["g-*"], consume: [orders] }
  - id: some-partitions
    who: everyone
    may: { consume: [limited], partitions: [${partitions}] }
`
const POLICY = policyWith('0-2')

type Claimed = Readonly<Record<string, readonly number[]>>

function decide(client: ClientFixture, apiKey: number, fields: Fields): Verdict<Fields, Fields> {
  const api = apis.find((each) => each.apiKey === apiKey) as AnyApi
  const request = { ...apiMessage(apiKey).defaultRequest(), ...fields }
  return api.decide(client.call(apiKey, api.maxVersion), request) as Verdict<Fields, Fields>
}

const claim = (claimed: Claimed): Buffer => {
  const assignedPartitions = Object.entries(claimed).map(([topic, partitions]) => ({
    ...defaultConsumerProtocolAssignmentTopicPartition(),
    topic,
    partitions: [...partitions],
  }))
  return encodeAssignment({ ...defaultConsumerProtocolAssignment(), assignedPartitions }, 0)
}

function protocol(name: string, topics: readonly string[], userData: Buffer | null): JoinGroupRequestProtocol {
  const metadata = encodeSubscription({ ...defaultConsumerProtocolSubscription(), topics: [...topics], userData }, 0)
  return { name, metadata, unknownTaggedFields: [] } as unknown as JoinGroupRequestProtocol
}

function join(client: ClientFixture, topics: readonly string[], userData: Buffer | null): Verdict<Fields, Fields> {
  const protocols = [protocol('range', topics, null), protocol(GRANTED_PARTITIONS_PROTOCOL, topics, userData)]
  return decide(client, 11, { groupId: 'g-1', protocolType: 'consumer', protocols })
}

function joined(verdict: Verdict<Fields, Fields>): { names: string[]; claims: Claimed } {
  if (verdict.kind !== 'forward' || verdict.request === null) throw new Error(`not sent anew: ${verdict.kind}`)
  const protocols = verdict.request['protocols'] as JoinGroupRequestProtocol[]
  const { message } = decodeSubscription(protocols[0]!.metadata)
  const { assignedPartitions } = decodeAssignment(message.userData ?? Buffer.alloc(0)).message
  return {
    names: protocols.map(({ name }) => name),
    claims: Object.fromEntries(assignedPartitions.map(({ topic, partitions }) => [topic, partitions])),
  }
}

const codeOf = (verdict: Verdict<Fields, Fields>): unknown =>
  verdict.kind === 'answer' ? verdict.response['errorCode'] : verdict.kind

describe('a member that may read some partitions of a topic', () => {
  test('joins by the protocol of granted partitions, and by no other', () => {
    const verdict = join(createClient(POLICY), ['orders', 'limited'], claim({ limited: [0, 1, 2] }))

    expect(joined(verdict)).toEqual({ names: [GRANTED_PARTITIONS_PROTOCOL], claims: { limited: [0, 1, 2] } })
  })

  test('is bound to what the policy grants, whatever it claims', () => {
    const verdict = join(createClient(POLICY), ['limited'], claim({ limited: [1, 1, 2, 3, -1, 900], other: [0] }))

    expect(joined(verdict).claims).toEqual({ limited: [1, 2] })
  })

  test('is dealt nothing of a topic that it claims nothing of, instead of all of it', () => {
    expect(joined(join(createClient(POLICY), ['orders', 'limited'], claim({}))).claims).toEqual({ limited: [] })
  })

  test.each([
    ['it claims nothing that it may read', claim({ limited: [3] })],
    ['its claim is no claim', Buffer.from('x')],
    ['it has no claim', null],
  ])('is refused with 29 where %s', (_, userData) => {
    expect(codeOf(join(createClient(POLICY), ['limited'], userData))).toBe(29)
  })

  test('is refused with 29 where it does not offer the protocol', () => {
    const protocols = [protocol('range', ['limited'], claim({ limited: [0] }))]
    const verdict = decide(createClient(POLICY), 11, { groupId: 'g-1', protocolType: 'consumer', protocols })

    expect(codeOf(verdict)).toBe(29)
  })
})

test('a member that may read its topics whole is let pass in its own bytes', () => {
  const verdict = join(createClient(POLICY), ['orders'], null)

  expect(verdict).toMatchObject({ kind: 'forward', request: null })
})

test('a bound member goes on as long as one of its partitions is granted, and is told to go when none is', () => {
  const client = createClient(POLICY)
  joined(join(client, ['limited'], claim({ limited: [1, 2] })))
  expect(codeOf(decide(client, 12, { groupId: 'g-1' }))).toBe('forward')

  const narrowed = (partitions: string): ClientFixture => {
    const other = createClient(policyWith(partitions))
    other.state.subscriptions.set('g-1', ['limited'])
    other.state.claims.set('g-1', client.state.claims.get('g-1')!)
    return other
  }
  expect(codeOf(decide(narrowed('2'), 12, { groupId: 'g-1' }))).toBe('forward')
  expect(codeOf(decide(narrowed('0'), 12, { groupId: 'g-1' }))).toBe(30)
  decide(client, 13, { groupId: 'g-1' })
  expect(client.state.claims.size).toBe(0)
})
