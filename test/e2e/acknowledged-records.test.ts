import type { RecordedEvent } from '@headgate/audit'
import { expect, test } from 'vitest'
import { hashOfBatches, type StoredBatch, unaccountedOffsets } from './acknowledged-records.ts'

const LOG: readonly StoredBatch[] = [7, 8, 9].map((crc, at) => ({ baseOffset: BigInt(at), crc }))

function written(first: number, last: number, intents: readonly string[] = []): RecordedEvent {
  const hash = hashOfBatches(LOG.slice(first, last + 1))
  const range = { firstOffset: String(first), lastOffset: String(last), hash }
  return { event: 'records.written', range, intents } as unknown as RecordedEvent
}

function intent(id: string, crc: number): RecordedEvent {
  const sent = { batches: 1, records: 1, hash: hashOfBatches([{ baseOffset: 0n, crc }]) }
  return { event: 'records.write-intent', intent: id, sent } as unknown as RecordedEvent
}

test.each<[string, bigint[], RecordedEvent[], bigint[]]>([
  ['outcomes of all', [0n, 1n, 2n], [written(0, 1), written(2, 2)], []],
  ['the last has its own intent', [0n, 1n, 2n], [written(0, 1), intent('a', 9)], []],
  ['unknown ones of others hide nothing', [0n, 1n, 2n], [written(0, 1), intent('a', 5), intent('b', 6)], [2n]],
  ['an intent that came to an outcome accounts for nothing else', [0n], [intent('a', 7), written(1, 1, ['a'])], [0n]],
  ['a record that is told of twice', [0n, 1n], [written(0, 1), written(1, 1)], [1n]],
  ['a record that is not in the log', [3n], [intent('a', 7)], [3n]],
  ['an outcome over other records', [0n], [{ ...written(1, 1), ...rangeOf(0) } as RecordedEvent], [0n]],
])('%s', (_name, acknowledged, events, unaccounted) => {
  expect(unaccountedOffsets({ acknowledged, batches: LOG, events })).toEqual(unaccounted)
})

function rangeOf(offset: number): object {
  return { range: { firstOffset: String(offset), lastOffset: String(offset), hash: hashOfBatches(LOG.slice(1, 2)) } }
}

test('one intent accounts for one record', () => {
  const twins = [0n, 1n].map((baseOffset) => ({ baseOffset, crc: 7 }))
  expect(unaccountedOffsets({ acknowledged: [0n, 1n], batches: twins, events: [intent('a', 7)] })).toEqual([1n])
})
