/** Topics of a request, parted into what goes on to the broker and what is refused; a topic may stand on both sides. */
export interface TopicSplit<Topic> {
  readonly allowed: Topic[]
  readonly denied: Topic[]
}

/**
 * Parts topics by partition, keeping their order; a topic named twice is looked at twice.
 *
 * `permits` is asked for every partition, so that each refusal is reported.
 */
export function splitTopics<Partition, Topic extends { partitions: Partition[] }>(
  topics: readonly Topic[],
  permits: (topic: Topic, partition: Partition) => boolean,
): TopicSplit<Topic> {
  const allowed: Topic[] = []
  const denied: Topic[] = []
  for (const topic of topics) {
    const granted: Partition[] = []
    const refused: Partition[] = []
    for (const partition of topic.partitions) (permits(topic, partition) ? granted : refused).push(partition)
    if (granted.length > 0) allowed.push({ ...topic, partitions: granted })
    if (refused.length > 0) denied.push({ ...topic, partitions: refused })
  }
  return { allowed, denied }
}
