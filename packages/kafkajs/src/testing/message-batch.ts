import type { KafkaMessage } from '#kafkajs'
import type { MessageBatch } from '../facades/message-batch.ts'

/** A batch as our copy of kafkajs hands it to a handler. */
export function createMessageBatch(
  topic: string,
  messages: readonly KafkaMessage[],
  isWhole: boolean = true,
): MessageBatch {
  let at = 0
  const next = (): KafkaMessage | undefined => messages[at]
  return {
    topic,
    partition: 1,
    isWhole,
    heartbeat: async () => {},
    pause: () => () => {},
    next,
    async proceed({ handle, goesOn, failed }) {
      for (let message = next(); message !== undefined; ) {
        try {
          await handle(message)
        } catch (error) {
          failed(error)
          throw error
        }
        at += 1
        message = next()
        if (message !== undefined && !goesOn(message)) return
      }
    },
  }
}
