import { Operation } from '@headgate/policy'
import type { Call } from '../call.ts'

/** Whether a topic that a client names is shown to it: Describe is granted, or the topic is discoverable. A denial is reported. */
export function isShown(call: Call, topicName: string): boolean {
  // Asked by its name: who may describe it does so.
  if (call.can('topic', Operation.Describe, topicName)) return call.permits('topic', Operation.Describe, topicName)
  return call.knows(topicName) || call.permits('topic', Operation.Describe, topicName)
}
