/** A refusal as kafkajs gives it. */
export interface RefusalDescription {
  /** Kafka's own name of it, such as TOPIC_AUTHORIZATION_FAILED. */
  readonly type: string
  readonly message: string
}

interface KafkaError extends Error {
  readonly type?: string
}

/** Finds Kafka's name of a refusal: in the error, or in the one that kafkajs put around it. */
export function describeRefusal(error: unknown): RefusalDescription {
  const { message, type, cause } = error as KafkaError
  return { message, type: type ?? (cause as KafkaError | undefined)?.type ?? 'unknown' }
}
