import { expect, test } from 'vitest'
import { differences, normalForm } from './normal-form.ts'
import { complaints } from './observation.ts'

const ORDERS = 'b3JkZXJzb3JkZXJzb3JkZQ'
const form = (answer: object): ReturnType<typeof normalForm> =>
  normalForm(answer, (topicId) => (topicId === ORDERS ? 'orders' : undefined))

test('the order of entries, the time and the ids of a cluster do not count; codes do', () => {
  const kafka = form({
    throttleTimeMs: 3,
    topics: [
      { name: 'a', errorCode: 0 },
      { name: 'b', errorCode: 29 },
    ],
  })
  const gateway = form({
    throttleTimeMs: 0,
    topics: [
      { name: 'b', errorCode: 29 },
      { name: 'a', errorCode: 3 },
    ],
  })
  expect(differences(kafka, gateway)).toEqual([{ path: 'topics[a].errorCode', kafka: '0', gateway: '3' }])
})

test('a topic id is told by its name, and of a missing entry only that it is missing', () => {
  const kafka = form({ topics: [{ topicId: ORDERS, partitions: [{ index: 0 }] }] })
  expect(differences(kafka, form({ topics: [] }))).toEqual([
    { path: 'topics.length', kafka: '1', gateway: '0' },
    { path: 'topics[id of orders]', kafka: 'present', gateway: 'absent' },
  ])
})

test('an empty list and none are different, and so are other bytes', () => {
  const [kafka, gateway] = [form({ list: [], bytes: Buffer.from('a') }), form({ list: null, bytes: Buffer.from('b') })]
  expect(differences(kafka, gateway).map(({ path }) => path)).toEqual(['list.length', 'bytes', 'list'])
})

test('a difference that nobody meant is complained of, and so is a meant one that does not show', () => {
  const found = [{ path: 'topics[a].errorCode', kafka: '0', gateway: '3' }]
  const meant = (path: string): { row: string; path: string; reason: string } => ({ row: 'x', path, reason: 'y' })
  expect(complaints(found, [])).toEqual(['topics[a].errorCode: Kafka 0, gateway 3'])
  expect(complaints(found, [meant('topics[*].errorCode')])).toEqual([])
  expect(complaints(found, [meant('topics[*].errorCode'), meant('topics[b]')])).toHaveLength(1)
})
