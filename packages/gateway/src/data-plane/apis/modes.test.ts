import { ENFORCED, type EnforcementModes, Operation } from '@headgate/policy'
import {
  defaultAddPartitionsToTxnRequest,
  defaultCreateTopicsRequest,
  defaultFetchRequest,
  defaultInitProducerIdRequest,
  defaultJoinGroupRequest,
  ErrorCode,
} from '@headgate/wire'
import { describe, expect, it } from 'vitest'
import type { AnyApi } from '../api.ts'
import { addPartitionsToTxn } from './add-partitions-to-txn.ts'
import { type ClientFixture, createClient } from './call-fixture.ts'
import { createTopics } from './create-topics.ts'
import { fetch } from './fetch.ts'
import { initProducerId } from './init-producer-id.ts'
import { joinGroup } from './join-group.ts'

const POLICY = `
topics:
  - match: [cards]
    format: json
    mask: [{ fields: number, with: remove }]
  - match: [payments]
    approval: { by: [leads], for: 1h }
rules:
  - { id: reads, who: everyone, may: { consume: [open], produce: [open], as: [svc], transact-as: [tx] } }
  - { id: creates, who: everyone, may: { cluster: [create] } }
`
const client = (modes: Partial<EnforcementModes>): ClientFixture => createClient(POLICY, [], { ...ENFORCED, ...modes })

function decide(fixture: ClientFixture, api: AnyApi, version: number, request: unknown): Record<string, unknown> {
  return api.decide(fixture.call(api.apiKey, version), request) as unknown as Record<string, unknown>
}

const fetchOf = (...topics: string[]): unknown => ({
  ...defaultFetchRequest(),
  sessionId: 0,
  sessionEpoch: -1,
  topics: topics.map((topic) => ({
    topic,
    topicId: '00000000-0000-0000-0000-000000000000',
    partitions: [
      {
        partition: 0,
        currentLeaderEpoch: -1,
        fetchOffset: 5n,
        lastFetchedEpoch: -1,
        logStartOffset: -1n,
        partitionMaxBytes: 1000,
      },
    ],
  })),
})

describe('warn', () => {
  it('lets a fetch pass, tells of it once, and of its rule and reason', () => {
    const fixture = client({ topics: [{ match: ['secret'], mode: 'warn' }] })
    expect(decide(fixture, fetch, 11, fetchOf('secret'))).toMatchObject({ kind: 'forward', request: null })
    expect(fixture.denials).toEqual([])
    expect(fixture.wouldDeny).toMatchObject([
      {
        resourceType: 'topic',
        resourceName: 'secret',
        operation: 'Read',
        decision: { effect: 'deny', reason: 'no-rule' },
      },
    ])
  })

  it('masks what it lets pass, and holds what wants an approval', () => {
    const fixture = client({ default: 'warn' })
    const masked = decide(fixture, fetch, 11, fetchOf('cards'))
    expect(masked).toMatchObject({ kind: 'forward', edit: expect.any(Function) })
    expect(decide(fixture, fetch, 11, fetchOf('payments'))).toMatchObject({ kind: 'wait' })
    expect(fixture.asks.opened).toMatchObject([{ scope: { topic: 'payments', operation: 'consume' } }])
  })

  it('tells of no denial where a grant for the cluster lets create what no rule names', () => {
    const fixture = client({ topics: [{ match: ['new'], mode: 'warn' }] })
    const request = {
      ...defaultCreateTopicsRequest(),
      topics: [{ name: 'new', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
    }
    expect(decide(fixture, createTopics, 4, request)).toMatchObject({ kind: 'forward' })
    expect(fixture.wouldDeny).toEqual([])
  })
})

describe('a request that crosses modes', () => {
  it('a fetch of an observed topic does not let an enforced one pass beside it', () => {
    const fixture = client({ topics: [{ match: ['seen'], mode: 'observe' }] })
    const verdict = decide(fixture, fetch, 11, fetchOf('seen', 'secret'))
    expect(verdict).toMatchObject({ kind: 'forward', request: { topics: [{ topic: 'seen' }] } })
    expect(fixture.denials).toMatchObject([{ resourceName: 'secret' }])
  })

  it('an observed topic is not masked, and an enforced one beside it is', () => {
    const observed = client({ topics: [{ match: ['cards'], mode: 'observe' }] })
    expect(decide(observed, fetch, 11, fetchOf('cards'))).toMatchObject({ kind: 'forward', edit: null })
  })

  it('a transaction over an observed and an enforced topic is refused whole', () => {
    const fixture = client({ topics: [{ match: ['seen'], mode: 'observe' }] })
    const request = {
      ...defaultAddPartitionsToTxnRequest(),
      v3AndBelowTransactionalId: 'tx',
      v3AndBelowTopics: ['seen', 'secret'].map((name) => ({ name, partitions: [0] })),
    }
    expect(decide(fixture, addPartitionsToTxn, 3, request)).toMatchObject({
      kind: 'answer',
      response: {
        resultsByTopicV3AndBelow: [
          { name: 'seen', resultsByPartition: [{ partitionErrorCode: ErrorCode.OPERATION_NOT_ATTEMPTED }] },
          { name: 'secret', resultsByPartition: [{ partitionErrorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED }] },
        ],
      },
    })
  })

  it.each(['warn', 'observe'] as const)('a cluster under %s lets nobody create a topic that is enforced', (mode) => {
    const unnamed = 'rules: [{ id: reads, who: everyone, may: { consume: [open] } }]'
    const modes: EnforcementModes = { ...ENFORCED, topics: [{ match: ['seen'], mode }], cluster: mode }
    const fixture = createClient(unnamed, [], modes)
    const request = {
      ...defaultCreateTopicsRequest(),
      topics: ['seen', 'secret'].map((name) => ({
        name,
        ...{ numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] },
      })),
    }
    const verdict = decide(fixture, createTopics, 4, request)
    expect(verdict).toMatchObject({ kind: 'forward', request: { topics: [{ name: 'seen' }] } })
    expect(fixture.denials).toMatchObject([{ resourceName: 'secret' }])
  })

  it('an observed topic opens neither a group nor a transactional id', () => {
    const fixture = client({ topics: [{ match: ['*'], mode: 'observe' }] })
    const join = { ...defaultJoinGroupRequest(), groupId: 'other', protocolType: 'consumer' }
    expect(decide(fixture, joinGroup, 5, join)).toMatchObject({
      kind: 'answer',
      response: { errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED },
    })
    const init = { ...defaultInitProducerIdRequest(), transactionalId: 'other' }
    expect(decide(fixture, initProducerId, 3, init)).toMatchObject({
      kind: 'answer',
      response: { errorCode: ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED },
    })
  })
})

describe('what is seen', () => {
  it('is what was let do, with the rules that grant it, and nothing that was refused', () => {
    const fixture = client({ topics: [{ match: ['seen'], mode: 'observe' }] })
    decide(fixture, fetch, 11, fetchOf('open', 'seen', 'secret'))
    fixture.call(1, 11).access.seen.flush()
    expect(fixture.trail.seen).toMatchObject([
      { resourceType: 'topic', operation: Operation.Read, name: 'open', partitions: [0], ruleIds: ['reads'] },
      { resourceType: 'topic', operation: Operation.Read, name: 'seen', partitions: [0], ruleIds: [] },
    ])
  })
})
