import type { ProduceResponseTopicProduceResponse } from '@headgate/wire'

/**
 * Adds refused partitions to the answer, each topic in one entry. What the broker says of records that it wrote stands,
 * whatever is decided of them by now.
 */
export function addRefusals(
  responses: ProduceResponseTopicProduceResponse[],
  refusals: readonly ProduceResponseTopicProduceResponse[],
): void {
  const known = new Map<string, ProduceResponseTopicProduceResponse>()
  for (const response of responses.toReversed()) known.set(keyOf(response), response)
  for (const refusal of refusals) {
    const answered = known.get(keyOf(refusal))
    if (answered === undefined) {
      responses.push(refusal)
      known.set(keyOf(refusal), refusal)
    } else for (const partition of refusal.partitionResponses) answered.partitionResponses.push(partition)
  }
}

/** An id has no blank in it. */
function keyOf({ name, topicId }: ProduceResponseTopicProduceResponse): string {
  return `${topicId} ${name}`
}
