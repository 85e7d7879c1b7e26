import { Operation, type ResourceType, type SeenAccess } from '@headgate/policy'
import {
  defaultFetchResponse,
  defaultFetchResponsePartitionData,
  defaultInitProducerIdResponse,
  defaultOffsetFetchResponse,
} from '@headgate/wire'
import { expect, it } from 'vitest'
import type { ControlPort } from '../../control-port.ts'
import { TestClock } from '../../identity/token-fixture.ts'
import { PassedAccesses } from './passed-accesses.ts'
import { SeenAccesses } from './seen-accesses.ts'

const ID = '00000000-0000-0000-0000-00000000000a'

interface Fixture {
  readonly passes: PassedAccesses
  readonly seen: SeenAccesses
  names(): string[]
  told(): SeenAccess[]
}

function passed(issuer: string): Fixture {
  const reported: SeenAccess[] = []
  const control: ControlPort = {
    subscribe: () => () => {},
    keepsTrail: false,
    record: async () => {},
    report: (event) => {
      if (event.kind === 'seen') reported.push(...event.accesses)
    },
  }
  const seen = new SeenAccesses({ control, clock: new TestClock(1_000) })
  const principal = { issuer, subject: 'alice', groups: undefined }
  const told = (): SeenAccess[] => {
    seen.flush()
    return reported.splice(0)
  }
  const names = (): string[] => told().map(({ name }) => name)
  return { passes: new PassedAccesses({ principal, clientId: 'app', seen }), names, told, seen }
}

const add = (passes: PassedAccesses, resourceType: ResourceType, name: string, partition?: number): void =>
  passes.add(resourceType, Operation.Read, name, partition, [])
const topicOf = (id: string): string | undefined => (id === ID ? 'by-id' : undefined)

const fetched = (
  ...entries: readonly (readonly [topic: string, topicId: string | undefined, errorCode: number])[]
): unknown => ({
  ...defaultFetchResponse(),
  responses: entries.map(([topic, topicId = '00000000-0000-0000-0000-000000000000', errorCode]) => ({
    topic,
    topicId,
    partitions: [{ ...defaultFetchResponsePartitionData(), errorCode, records: Buffer.alloc(4) }],
  })),
})

it('what a client of an identity provider is let do is seen at once', () => {
  const { passes, names } = passed('corp')
  add(passes, 'topic', 'orders')
  expect(passes.areWaiting).toBe(false)
  expect(names()).toEqual(['orders'])
})

it('what a broker refused of a request is not seen, by name and by id; the rest is', () => {
  const { passes, names } = passed('brokers:main')
  for (const name of ['a', 'b', 'by-id']) add(passes, 'topic', name)
  add(passes, 'group', 'g')
  expect([passes.areWaiting, names()]).toEqual([true, []])
  passes.confirm(fetched(['a', undefined, 0], ['b', undefined, 29], ['', ID, 29]), topicOf)
  expect(names()).toEqual(['a', 'g'])
  expect(passes.areWaiting).toBe(false)
})

it('a refusal that names nothing counts for all of its kind', () => {
  const { passes, names } = passed('brokers:main')
  for (const type of ['topic', 'group', 'transactional-id'] as const) add(passes, type, type)
  passes.confirm({ ...defaultInitProducerIdResponse(), errorCode: 53 }, topicOf)
  expect(names()).toEqual(['topic', 'group'])
  for (const type of ['topic', 'group'] as const) add(passes, type, type)
  passes.confirm(
    { ...defaultOffsetFetchResponse(), groups: [{ groupId: 'group', topics: [], errorCode: 30 }] },
    topicOf,
  )
  expect(names()).toEqual(['topic'])
  for (const type of ['topic', 'group'] as const) add(passes, type, type)
  passes.confirm({ errorCode: 31 }, topicOf)
  expect(names()).toEqual([])
})

it('a broker that refuses each of many topics is taken at its word without delay', { timeout: 2_000 }, () => {
  const { passes, names } = passed('brokers:main')
  const topics = Array.from({ length: 2_000 }, (_, number) => `t${number}`)
  for (const name of [...topics, 'orders']) add(passes, 'topic', name)
  passes.confirm(fetched(...topics.map((name) => [name, undefined, 29] as const), ['orders', undefined, 0]), topicOf)
  expect(names()).toEqual(['orders'])
})

it('what gets no answer is seen', () => {
  const { passes, names } = passed('brokers:main')
  add(passes, 'topic', 'a')
  passes.confirm(null, topicOf)
  expect(names()).toEqual(['a'])
})

it('uses are told together, with their times, and once until they are made again', () => {
  const { seen, passes, names } = passed('corp')
  for (let count = 0; count < 3; count += 1) add(passes, 'topic', 'a', count)
  seen.note({ issuer: 'corp', subject: 'alice', groups: [] }, 'other', 'topic', Operation.Read, 'b', undefined, [])
  expect(names()).toEqual(['a', 'b'])
  expect(names()).toEqual([])
})

it('a connection keeps so many partitions in all, whatever it asks for', () => {
  const { seen, told } = passed('corp')
  const principal = { issuer: 'corp', subject: 'alice', groups: [] }
  const note = (name: string, partition: number): void =>
    seen.note(principal, 'app', 'topic', Operation.Read, name, partition, [])
  for (let topic = 0; topic < 200; topic += 1)
    for (let number = 0; number < 1_000; number += 1) note(`t${topic}`, number)
  const accesses = told()
  expect(accesses).toHaveLength(200)
  expect(accesses.reduce((sum, { partitions }) => sum + partitions.length, 0)).toBe(100_000)
})
