/** A topic of an answer, as most APIs have it. */
interface AnsweredTopic {
  name: string
  partitions: { partitionIndex: number }[]
}

/** Puts refused entries behind those that the broker answered; an answered one that is refused gives way. */
export function withRefusals<Entry>(
  answered: readonly Entry[],
  refusals: readonly Entry[],
  nameOf: (entry: Entry) => string | null,
): Entry[] {
  const refused = new Set(refusals.map(nameOf))
  return [...answered.filter((entry) => !refused.has(nameOf(entry))), ...refusals]
}

/**
 * Puts refused partitions among those that the broker answered, each topic in one entry; an answered partition that is
 * refused gives way.
 */
export function withRefusedPartitions<Topic extends AnsweredTopic>(
  answered: readonly Topic[],
  refusals: readonly Topic[],
): Topic[] {
  const merged = new Map<string, Topic>()
  const add = (topic: Topic, partitions: Topic['partitions']): void => {
    const known = merged.get(topic.name)
    if (known === undefined) merged.set(topic.name, { ...topic, partitions: [...partitions] })
    else for (const partition of partitions) known.partitions.push(partition)
  }
  const refused = new Set(refusals.flatMap((topic) => topic.partitions.map((partition) => keyOf(topic, partition))))
  for (const topic of answered) {
    const kept = topic.partitions.filter((partition) => !refused.has(keyOf(topic, partition)))
    if (kept.length > 0 || topic.partitions.length === 0) add(topic, kept)
  }
  for (const topic of refusals) add(topic, topic.partitions)
  return [...merged.values()]
}

/** Topic names hold no blanks, so that no two partitions have the same key. */
function keyOf(topic: AnsweredTopic, partition: { partitionIndex: number }): string {
  return `${partition.partitionIndex} ${topic.name}`
}
