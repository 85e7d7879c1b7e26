import { expect, test } from 'vitest'
import { withRefusedPartitions } from './refusals.ts'

const one = (partitionIndex: number): { name: string; partitions: { partitionIndex: number }[] } => ({
  name: 'orders',
  partitions: [{ partitionIndex }],
})

test('a topic that is named over and over is one entry, and takes no longer than it is long', {
  timeout: 2_000,
}, () => {
  const refusals = Array.from({ length: 60_000 }, (_, partition) => one(partition))
  const [topic, ...others] = withRefusedPartitions([one(7), one(60_000)], refusals)
  expect(others).toEqual([])
  expect(topic?.partitions).toHaveLength(60_001)
  expect(topic?.partitions[0]).toEqual({ partitionIndex: 60_000 })
  expect(refusals[0]).toEqual(one(0))
})
