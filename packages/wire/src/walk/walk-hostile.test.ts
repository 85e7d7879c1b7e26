/** Bodies with a byte changed, cut anywhere: a walker says what the decoder says, or refuses with a code as it does. */
import { isHeadgateError } from '@headgate/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { everyMessageVersion, type MessageVersion } from '../conformance/message-arbitrary-fixture.ts'
import { decodeProduceRequest } from '../messages/00-produce.ts'
import { decodeFetchResponse } from '../messages/01-fetch.ts'
import { Reader } from '../primitives/reader.ts'
import { FetchResponseWalker } from './fetch-response-walker.ts'
import { ProduceRequestWalker } from './produce-request-walker.ts'

const RUNS = Number(process.env['HEADGATE_FUZZ_RUNS'] ?? 150)
const LONG_MS = 120_000

const produce = everyMessageVersion().filter(({ name }) => name.startsWith('ProduceRequest '))
const fetch = everyMessageVersion().filter(({ name }) => name.startsWith('FetchResponse '))

/** A body with a byte changed, and where it is cut. */
function damaged({ arbitrary, encode }: MessageVersion): fc.Arbitrary<{ body: Buffer; cuts: number[] }> {
  return fc.tuple(arbitrary, fc.nat(), fc.nat(255), fc.nat(), fc.nat()).map(([message, at, byte, one, two]) => {
    const body = encode(message)
    body[at % body.length] = byte
    return { body, cuts: [one % body.length, two % body.length].toSorted((left, right) => left - right) }
  })
}

interface Walker {
  readonly isDone: boolean
  push(bytes: Buffer, start: number, end: number): void
}

function pushAll(walker: Walker, body: Buffer, cuts: readonly number[]): void {
  const edges = [0, ...cuts, body.length]
  for (let at = 1; at < edges.length; at += 1) walker.push(body, edges[at - 1] ?? 0, edges[at] ?? 0)
  expect(walker.isDone).toBe(true)
}

/** What `run` gives, or `undefined` when it is refused with a code. */
function told<Told>(run: () => Told): Told | undefined {
  try {
    return run()
  } catch (error) {
    if (isHeadgateError(error) && error.code.startsWith('ERR_WIRE_')) return undefined
    throw error
  }
}

function walkProduce(version: number, body: Buffer, cuts: readonly number[]): unknown[] {
  const heard: unknown[] = []
  const walker = new ProduceRequestWalker({
    preamble: (transactionalId, acks) => heard.push([transactionalId, acks]),
    partition: (name, id, index, recordsBytes) => heard.push([name, id, index, recordsBytes]),
  })
  walker.reset(version, body.length)
  pushAll(walker, body, cuts)
  return [...heard, walker.hasUnknownTags]
}

function decodeProduce(version: number, body: Buffer): unknown[] {
  const reader = new Reader(body)
  const { transactionalId, acks, topicData } = decodeProduceRequest(reader, version)
  reader.expectEnd()
  const partitions = topicData.flatMap(({ name, topicId, partitionData }) =>
    partitionData.map(({ index, records }) => [name, topicId, index, records?.length ?? 0]),
  )
  return [[transactionalId, acks], ...partitions, reader.hasUnknownTags]
}

describe.each(produce)('$name', (message) => {
  test(
    'is refused by the walker exactly when the decoder refuses it, and otherwise told the same [wire-hostile]',
    () => {
      fc.assert(
        fc.property(damaged(message), ({ body, cuts }) => {
          const walked = told(() => walkProduce(message.version, body, cuts))

          expect(walked).toEqual(told(() => decodeProduce(message.version, body)))
        }),
        { numRuns: RUNS },
      )
    },
    LONG_MS,
  )
})

describe.each(fetch)('$name', (message) => {
  /** Records that are no batches may be refused by the walker alone, and known tagged fields by the decoder alone. */
  test(
    'is told as the decoder tells it wherever both take it [wire-hostile]',
    () => {
      fc.assert(
        fc.property(damaged(message), ({ body, cuts }) => {
          const { version } = message
          const walked = told(() => walkFetch(version, body, cuts))
          const decoded = told(() => decodeFetch(version, body))

          if (walked !== undefined && decoded !== undefined) expect(walked).toEqual(decoded)
          expect(told(() => walkFetch(version, body, []))).toEqual(walked)
        }),
        { numRuns: RUNS },
      )
    },
    LONG_MS,
  )
})

function walkFetch(version: number, body: Buffer, cuts: readonly number[]): unknown[] {
  const heard: unknown[] = []
  const walker = new FetchResponseWalker({
    preamble: (...values) => heard.push(values),
    partition: ({ topicName, topicId, index, errorCode, highWatermark, recordsBytes }) =>
      heard.push([topicName, topicId, index, errorCode, highWatermark, recordsBytes]),
  })
  walker.reset(version, body.length)
  pushAll(walker, body, cuts)
  return heard
}

function decodeFetch(version: number, body: Buffer): unknown[] {
  const reader = new Reader(body)
  const { throttleTimeMs, errorCode, sessionId, responses } = decodeFetchResponse(reader, version)
  reader.expectEnd()
  const partitions = responses.flatMap(({ topic, topicId, partitions }) =>
    partitions.map((each) => [
      topic,
      topicId,
      each.partitionIndex,
      each.errorCode,
      each.highWatermark,
      each.records?.length ?? 0,
    ]),
  )
  return [[throttleTimeMs, errorCode, sessionId], ...partitions]
}
