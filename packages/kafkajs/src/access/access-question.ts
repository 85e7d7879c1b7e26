import { Operation, type ResourceType } from '@headgate/policy'
import type { Ask } from './ask.ts'

/** What a service may do, in the words of the policy's rules: with a topic, in a group, under a transactional id. */
export type AccessVerb = 'consume' | 'produce' | 'as' | 'transact-as'

/** What narrows a question. */
export interface AccessScope {
  /** One partition of the topic; the whole topic when absent. */
  readonly partition?: number
}

type Meaning = readonly [resourceType: ResourceType, operation: Operation]

const meanings: ReadonlyMap<string, Meaning> = new Map<AccessVerb, Meaning>([
  ['consume', ['topic', Operation.Read]],
  ['produce', ['topic', Operation.Write]],
  ['as', ['group', Operation.Read]],
  ['transact-as', ['transactional-id', Operation.Write]],
])

/** The question to the policy that a verb and a name stand for; nothing where the verb is none. */
export function readQuestion(verb: AccessVerb, name: string, { partition }: AccessScope): Ask | undefined {
  const meaning = meanings.get(verb)
  if (meaning === undefined) return undefined
  const [resourceType, operation] = meaning
  return { resourceType, operation, name, ...(partition !== undefined && { partitions: () => [partition] }) }
}
