import { expect, test } from 'vitest'
import { createBatch } from './batch.ts'
import { addHeaders, copyAllIncoming, copyIncoming, copyTopicMessages, takeIncoming } from './messages.ts'

const answer = Buffer.from('neighbour-secret|key|value|header')
const view = (from: number, to: number): Buffer => answer.subarray(from, to)

// As kafkajs hands it out: views on one answer, and members that its types do not declare.
const record = {
  key: view(17, 20),
  value: view(21, 26),
  headers: { h: view(27, 33), list: [view(27, 33), 'text'], ['__proto__']: view(17, 20) },
  timestamp: '1',
  attributes: 0,
  offset: '7',
  magicByte: 2,
  isControlRecord: false,
  batchContext: { firstOffset: '0' },
}

const memoryOf = (bytes: Buffer | null | undefined): string => `${Buffer.from(bytes?.buffer as ArrayBuffer)}`

test('a received record has bytes of its own, and the declared members only', () => {
  const copy = copyIncoming(record)

  expect(Object.keys(copy).sort()).toEqual(['attributes', 'headers', 'key', 'offset', 'timestamp', 'value'])
  expect([`${copy.key}`, `${copy.value}`]).toEqual(['key', 'value'])
  expect(memoryOf(copy.key)).toBe('keyvalueheaderheaderkey')
  expect(memoryOf(copy.value)).toBe('keyvalueheaderheaderkey')
  expect(copy.headers?.['h']).toEqual(Buffer.from('header'))
  expect(copy.headers?.['list']).toEqual([Buffer.from('header'), 'text'])
})

test('records of one reader share a memory that holds nothing else', () => {
  const [first, second] = copyAllIncoming([record, { ...record, value: view(27, 33), headers: {} }])

  expect([`${first?.value}`, `${second?.value}`]).toEqual(['value', 'header'])
  expect(memoryOf(second?.value)).toBe('keyvalueheaderheaderkeykeyheader')
})

test('a record that is taken as it is has the declared members only', () => {
  const taken = takeIncoming(record)

  expect(Object.keys(taken).sort()).toEqual(['attributes', 'headers', 'key', 'offset', 'timestamp', 'value'])
  expect(taken.value).toBe(record.value)
})

test('a tombstone stays null, and the copy may be changed', () => {
  const copy = copyIncoming({ ...record, key: null, value: null })

  expect([copy.key, copy.value]).toEqual([null, null])
  expect(Object.isFrozen(copy)).toBe(false)
})

test('a batch has the declared members only', () => {
  const inner = {
    topic: 't',
    partition: 1,
    highWatermark: '9',
    messages: [record],
    rawMessages: [record, record],
    messagesWithinOffset: [record, record],
    isEmpty: () => false,
    firstOffset: () => '7',
    lastOffset: () => '8',
    offsetLag: () => '0',
    offsetLagLow: () => '1',
  }
  const batch = createBatch(inner, copyAllIncoming(inner.messages))

  expect(batch).not.toHaveProperty('rawMessages')
  expect(batch).not.toHaveProperty('messagesWithinOffset')
  expect(memoryOf(batch.messages[0]?.value)).toBe('keyvalueheaderheaderkey')
  expect([batch.firstOffset(), batch.lastOffset(), batch.offsetLag(), batch.offsetLagLow()]).toEqual([
    '7',
    '8',
    '0',
    '1',
  ])
})

test('a message to send is read once, and the error of one without value quotes nothing of it', () => {
  let reads = 0
  const shifty = {
    get value() {
      reads += 1
      return `${reads}`
    },
  }
  const copy = copyTopicMessages({ topic: 't', messages: [shifty] })

  expect(copy.messages[0]?.value).toBe('1')
  expect(copy.messages[0]?.value).toBe('1')
  const broken = { key: 'secret-key', value: undefined as unknown as string }
  expect(() => copyTopicMessages({ topic: 't', messages: [broken] })).toThrow(
    /^Invalid message without value for topic "t"$/,
  )
})

test('headers are added to copies, and one that the application set stays', () => {
  const own = { value: 'v', headers: { a: 'own' } }
  const { messages } = copyTopicMessages({ topic: 't', messages: [own] })
  addHeaders(messages, { a: 'added', b: 'added' })

  expect(messages[0]?.headers).toEqual({ a: 'own', b: 'added' })
  expect(own.headers).toEqual({ a: 'own' })
})
