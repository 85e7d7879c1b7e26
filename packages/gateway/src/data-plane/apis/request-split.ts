/** Parts of a request, parted into what goes on to the broker and what is refused. */
export interface Split<Item> {
  readonly allowed: Item[]
  readonly denied: Item[]
}

/**
 * Parts a list, keeping its order; what is named twice is looked at twice.
 *
 * `permits` is asked for every item, so that each refusal is reported.
 */
export function splitItems<Item>(items: readonly Item[], permits: (item: Item) => boolean): Split<Item> {
  const allowed: Item[] = []
  const denied: Item[] = []
  for (const item of items) (permits(item) ? allowed : denied).push(item)
  return { allowed, denied }
}

/** Parts topics by partition, as {@link splitItems} does; a topic may stand on both sides. */
export function splitTopics<Topic extends { partitions: unknown[] }>(
  topics: readonly Topic[],
  permits: (topic: Topic, partition: Topic['partitions'][number]) => boolean,
): Split<Topic> {
  const allowed: Topic[] = []
  const denied: Topic[] = []
  for (const topic of topics) {
    const sides = splitItems(topic.partitions, (partition) => permits(topic, partition))
    if (sides.allowed.length > 0) allowed.push({ ...topic, partitions: sides.allowed })
    if (sides.denied.length > 0) denied.push({ ...topic, partitions: sides.denied })
  }
  return { allowed, denied }
}
