import type { PartitionRange } from './document.ts'
import type { Fault } from './problem.ts'

/** The highest partition index of Kafka: an int32. */
export const MAX_PARTITION = 2_147_483_647

const RUN = /^(0|[1-9][0-9]{0,9})-(0|[1-9][0-9]{0,9})$/

/** Reads one entry of `partitions`: an index such as `0` or a run such as `3-5`. `undefined` where it is neither. */
export function parsePartitions(entry: number | string): PartitionRange | undefined {
  const run = typeof entry === 'number' ? [entry, entry] : RUN.exec(entry)?.slice(1).map(Number)
  const [first, last] = run ?? []
  if (first === undefined || last === undefined) return undefined
  if (!Number.isInteger(first) || first < 0 || first > last || last > MAX_PARTITION) return undefined
  return [first, last]
}

/** Checks one entry of `partitions`. */
export function checkPartitions(entry: number | string): Fault | undefined {
  if (parsePartitions(entry) !== undefined) return undefined
  return {
    code: 'ERR_POLICY_PARTITIONS',
    message: 'this is neither a partition nor a run of partitions',
    mend: 'write an index such as `0` or a run from low to high such as `3-5`',
  }
}

/** Sorts runs and joins those that touch or overlap. */
export function mergePartitions(runs: readonly PartitionRange[]): PartitionRange[] {
  const merged: [number, number][] = []
  for (const [first, last] of [...runs].sort((a, b) => a[0] - b[0])) {
    const previous = merged.at(-1)
    if (previous !== undefined && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last)
    else merged.push([first, last])
  }
  return merged
}
