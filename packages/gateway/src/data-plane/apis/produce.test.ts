import {
  defaultProduceRequest,
  defaultProduceResponse,
  defaultProduceResponsePartitionProduceResponse,
  type ProduceRequest,
  type ProduceResponse,
  ZERO_UUID,
} from '@headgate/wire'
import { describe, expect, test } from 'vitest'
import type { Verdict } from '../api.ts'
import { type ClientFixture, createClient } from './call-fixture.ts'
import { uuidOf } from './message-fixture.ts'
import { produce } from './produce.ts'

const POLICY = `
rules:
  - id: some-partitions
    who: everyone
    may: { produce: [limited], partitions: [0-1], transact-as: ["t-*"] }
`

type ProduceVerdict = Verdict<ProduceRequest, ProduceResponse>

function decide(
  client: ClientFixture,
  fields: Partial<ProduceRequest>,
  version = 9,
): ProduceVerdict | Promise<ProduceVerdict> {
  return produce.decide(client.call(0, version), { ...defaultProduceRequest(), ...fields }) as
    | ProduceVerdict
    | Promise<ProduceVerdict>
}

function limited(...partitions: number[]): ProduceRequest['topicData'] {
  const partitionData = partitions.map((index) => ({ index, records: Buffer.from(`records ${index}`) }))
  return [{ name: 'limited', topicId: ZERO_UUID, partitionData }]
}

describe('a produce', () => {
  test('is decided by partition, and answered in one entry for each topic', async () => {
    const verdict = await decide(createClient(POLICY), { acks: 1, topicData: limited(0, 4, 1) })
    expect(verdict).toMatchObject({
      kind: 'forward',
      request: { topicData: [{ partitionData: [{ index: 0 }, { index: 1 }] }] },
    })
    const partitionResponses = [0, 1].map((index) => ({ ...defaultProduceResponsePartitionProduceResponse(), index }))
    const response = {
      ...defaultProduceResponse(),
      responses: [{ name: 'limited', topicId: ZERO_UUID, partitionResponses }],
    }
    if (verdict.kind === 'forward') verdict.edit?.(response)
    const [answered, ...others] = response.responses
    expect(others).toEqual([])
    expect(
      answered?.partitionResponses.map(({ index, errorCode, baseOffset }) => [index, errorCode, baseOffset]),
    ).toEqual([
      [0, 0, 0n],
      [1, 0, 0n],
      [4, 29, -1n],
    ])
  })

  test('without acknowledgement ends the connection where a part is refused', async () => {
    expect(await decide(createClient(POLICY), { acks: 0, topicData: limited(0, 4) })).toMatchObject({ kind: 'close' })
    expect(await decide(createClient(POLICY), { acks: 0, topicData: limited(0) })).toMatchObject({
      kind: 'forward',
      request: null,
    })
  })

  test.each([3, 9, 12])('in a transaction asks for its id in version %i', async (version) => {
    const fields = { acks: -1, topicData: limited(0) }
    expect(await decide(createClient(POLICY), { ...fields, transactionalId: 't-1' }, version)).toMatchObject({
      kind: 'forward',
    })
    const verdict = await decide(createClient(POLICY), { ...fields, transactionalId: 'other' }, version)
    expect(verdict).toMatchObject({
      kind: 'answer',
      response: { responses: [{ partitionResponses: [{ errorCode: 53 }] }] },
    })
  })

  test('by id keeps the id in a refusal', async () => {
    const client = createClient(POLICY)
    client.cluster.learnTopic('hidden', uuidOf(2))
    const topicData = [{ name: '', topicId: uuidOf(2), partitionData: [{ index: 0, records: null }] }]
    const verdict = await decide(client, { acks: 1, topicData }, 13)
    expect(verdict).toMatchObject({
      response: { responses: [{ topicId: uuidOf(2), partitionResponses: [{ errorCode: 29 }] }] },
    })
  })
})
