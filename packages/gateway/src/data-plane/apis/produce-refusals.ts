import type { ProduceResponseTopicProduceResponse } from '@headgate/wire'

/**
 * Adds refused partitions to the answer, each topic in one entry. What the broker says of records that it wrote stands,
 * whatever is decided of them by now.
 */
export function addRefusals(
  responses: ProduceResponseTopicProduceResponse[],
  refusals: readonly ProduceResponseTopicProduceResponse[],
): void {
  for (const refusal of refusals) {
    const known = responses.find(({ name, topicId }) => name === refusal.name && topicId === refusal.topicId)
    if (known === undefined) responses.push(refusal)
    else known.partitionResponses.push(...refusal.partitionResponses)
  }
}
