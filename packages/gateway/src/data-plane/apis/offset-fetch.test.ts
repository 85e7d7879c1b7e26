import {
  defaultOffsetFetchRequest,
  defaultOffsetFetchResponse,
  ErrorCode,
  type OffsetFetchResponse,
} from '@headgate/wire'
import { expect, test } from 'vitest'
import type { Verdict } from '../api.ts'
import { createClient } from './call-fixture.ts'
import { offsetFetch } from './offset-fetch.ts'

const POLICY = 'rules: [{ id: reads, who: everyone, may: { consume: [orders], as: [billing] } }]'
const VERSION = 8

/** What a client is told that asks for a group so many times, each time with a topic that it may read and one that it may not. */
function asked(times: number): OffsetFetchResponse {
  const topic = (name: string): { name: string; topicId: string; partitionIndexes: number[] } => ({
    ...{ name, topicId: '00000000-0000-0000-0000-000000000000', partitionIndexes: [0] },
  })
  const group = { groupId: 'billing', memberId: null, memberEpoch: -1, topics: [topic('orders'), topic('secret')] }
  const request = { ...defaultOffsetFetchRequest(), groups: Array.from({ length: times }, () => group) }
  const verdict = offsetFetch.decide(createClient(POLICY).call(9, VERSION), request) as Verdict<unknown, unknown>
  if (verdict.kind !== 'forward') throw new Error(`not forwarded: ${verdict.kind}`)
  const groups = Array.from({ length: times }, () => ({ groupId: 'billing', topics: [], errorCode: ErrorCode.NONE }))
  const response: OffsetFetchResponse = { ...defaultOffsetFetchResponse(), groups }
  verdict.edit?.(response)
  return response
}

test('a topic that is refused is told with its group', () => {
  const { groups } = asked(1)
  expect(groups).toMatchObject([{ groupId: 'billing', topics: [{ name: 'secret' }] }])
  expect(groups[0]?.topics[0]?.partitions[0]?.errorCode).toBe(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
})

test('a group that stands over and over in a request makes the answer no longer than the request', () => {
  const { groups } = asked(300)
  expect(groups).toHaveLength(300)
  expect(groups.reduce((sum, { topics }) => sum + topics.length, 0)).toBe(300)
})
