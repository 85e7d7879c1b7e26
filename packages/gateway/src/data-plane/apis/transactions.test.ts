import { apiMessage, ErrorCode } from '@headgate/wire'
import { describe, expect, test } from 'vitest'
import type { AnyApi, Verdict } from '../api.ts'
import { apis } from './apis.ts'
import { type ClientFixture, createClient } from './call-fixture.ts'
import type { Fields } from './message-fixture.ts'
import { keepHold } from './transaction-hold.ts'

const WRITES = `
rules:
  - id: writes
    who: everyone
    may: { transact-as: ["t-*"], produce: [orders] }
`
const TRANSACTS = `
rules:
  - id: transacts
    who: everyone
    may: { transact-as: ["t-*"] }
`
const NOTHING = 'rules: []'
const IDEMPOTENT = `
rules:
  - id: idempotent
    who: everyone
    may: { cluster: [idempotent-write] }
`
const HOLD = { producerId: 5n, producerEpoch: 1 }

function decide(client: ClientFixture, apiKey: number, fields: Fields, version?: number): Verdict<Fields, Fields> {
  const api = apis.find((each) => each.apiKey === apiKey) as AnyApi
  const request = { ...apiMessage(apiKey).defaultRequest(), ...fields }
  return api.decide(client.call(apiKey, version ?? api.maxVersion), request) as Verdict<Fields, Fields>
}

const codeOf = (verdict: Verdict<Fields, Fields>): unknown =>
  verdict.kind === 'answer' ? verdict.response['errorCode'] : verdict.kind

function answered(verdict: Verdict<Fields, Fields>, response: Fields): unknown {
  if (verdict.kind !== 'forward') throw new Error(`not forwarded: ${verdict.kind}`)
  return verdict.edit?.(response)
}

describe('the id of a producer', () => {
  test.each([
    ['who writes a topic', WRITES, 'forward'],
    ['who may write idempotently', IDEMPOTENT, 'forward'],
    ['who may do neither', TRANSACTS, 31],
  ])('without a transactional id is for %s', (_about, policy, outcome) => {
    expect(codeOf(decide(createClient(policy), 22, { transactionalId: null }))).toBe(outcome)
  })

  test.each([
    [60_000, 'forward'],
    [60_001, ErrorCode.INVALID_TRANSACTION_TIMEOUT],
  ])('for transactions of up to %i ms comes to %s', (transactionTimeoutMs, outcome) => {
    expect(codeOf(decide(createClient(TRANSACTS), 22, { transactionalId: 't-1', transactionTimeoutMs }))).toBe(outcome)
  })

  test('is kept with its epoch, and the answer goes on as it came', () => {
    const client = createClient(TRANSACTS)
    const verdict = decide(client, 22, { transactionalId: 't-1', transactionTimeoutMs: 1 })
    expect(answered(verdict, { errorCode: 0, ...HOLD })).toBe(false)
    expect(client.state.transactions.get('t-1')).toEqual(HOLD)
  })

  test('is not kept when the broker gave none', () => {
    const client = createClient(TRANSACTS)
    answered(decide(client, 22, { transactionalId: 't-1', transactionTimeoutMs: 1 }), {
      errorCode: 51,
      producerId: -1n,
      producerEpoch: -1,
    })
    expect(client.state.transactions.size).toBe(0)
  })
})

describe('partitions of a transaction', () => {
  test('P3: are not attempted where one of them is refused', () => {
    const v3AndBelowTopics = [
      { name: 'orders', partitions: [0, 1] },
      { name: 'hidden', partitions: [0] },
    ]
    const verdict = decide(createClient(WRITES), 24, { v3AndBelowTransactionalId: 't-1', v3AndBelowTopics })
    const result = (partitionIndex: number, partitionErrorCode: number): Fields => ({
      partitionIndex,
      partitionErrorCode,
    })
    expect(verdict).toMatchObject({
      kind: 'answer',
      response: {
        resultsByTopicV3AndBelow: [
          { name: 'orders', resultsByPartition: [result(0, 55), result(1, 55)] },
          { name: 'hidden', resultsByPartition: [result(0, 29)] },
        ],
      },
    })
  })
})

describe('a transaction on a connection that did not initialise its id', () => {
  const partitions = { v3AndBelowTransactionalId: 't-1', v3AndBelowProducerId: 5n, v3AndBelowProducerEpoch: 1 }
  const taken = (code: number): Fields => ({
    resultsByTopicV3AndBelow: [{ resultsByPartition: [{ partitionErrorCode: 0 }, { partitionErrorCode: code }] }],
  })

  test.each([
    [0, HOLD],
    [47, undefined],
  ])('is held once it took its partitions (code %i)', (code, hold) => {
    const client = createClient(WRITES)
    const verdict = decide(client, 24, { ...partitions, v3AndBelowTopics: [{ name: 'orders', partitions: [0, 1] }] })
    expect(answered(verdict, taken(code))).toBe(false)
    expect(client.state.transactions.get('t-1')).toEqual(hold)
  })

  test('is held once it took the offsets of a group', () => {
    const client = createClient(`${TRANSACTS}  - id: group\n    who: everyone\n    may: { as: [g] }\n`)
    answered(decide(client, 25, { transactionalId: 't-1', groupId: 'g', ...HOLD }), { errorCode: 0 })
    expect(client.state.transactions.get('t-1')).toEqual(HOLD)
  })

  test('so many are held, the latest ones', () => {
    const { state } = createClient(NOTHING)
    for (let number = 0; number < 1_001; number += 1) keepHold(state, `t-${number}`, HOLD)
    expect([state.transactions.size, state.transactions.has('t-0')]).toEqual([1_000, false])
  })
})

describe('the end of a transaction', () => {
  test.each([
    ['an abort by its holder', { committed: false, ...HOLD }, 'forward'],
    ['a commit by its holder', { committed: true, ...HOLD }, 53],
    ['an abort for another producer', { committed: false, producerId: 6n, producerEpoch: 1 }, 53],
  ])('after the right was withdrawn: %s comes to %s', (_about, fields, outcome) => {
    const client = createClient(NOTHING)
    client.state.transactions.set('t-1', HOLD)
    expect(codeOf(decide(client, 26, { transactionalId: 't-1', ...fields }))).toBe(outcome)
  })

  test('an abort by someone who does not hold it is refused', () => {
    expect(codeOf(decide(createClient(NOTHING), 26, { transactionalId: 't-1', committed: false, ...HOLD }))).toBe(53)
  })

  test('brings the next epoch in version 5', () => {
    const client = createClient(TRANSACTS)
    client.state.transactions.set('t-1', HOLD)
    const verdict = decide(client, 26, { transactionalId: 't-1', committed: true, ...HOLD })
    expect(answered(verdict, { errorCode: 0, producerId: 5n, producerEpoch: 2 })).toBe(false)
    expect(client.state.transactions.get('t-1')).toEqual({ producerId: 5n, producerEpoch: 2 })
  })
})

test('of a described transaction, topics are shown that may be described', () => {
  const policy = `
rules:
  - id: describes
    who: everyone
    may: { describe-transactions: ["t-*"], describe: [orders] }
`
  const verdict = decide(createClient(policy), 65, { transactionalIds: ['t-1'] })
  const topics = [
    { topic: 'orders', partitions: [0] },
    { topic: 'hidden', partitions: [0] },
  ]
  const response: Fields = { transactionStates: [{ transactionalId: 't-1', topics }] }
  answered(verdict, response)
  expect(response).toMatchObject({ transactionStates: [{ topics: [{ topic: 'orders' }] }] })
})
