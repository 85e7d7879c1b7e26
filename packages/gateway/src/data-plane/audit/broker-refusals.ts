import type { ResourceType } from '@headgate/policy'
import { ErrorCode, ZERO_UUID } from '@headgate/wire'

/** What a broker refused of a request, for its own reasons. */
export interface BrokerRefusal {
  /** `undefined` where any kind may be meant. */
  readonly resourceType: ResourceType | undefined
  /** The names that stand beside the code in the answer, the nearest last; perhaps none of them is what was refused. */
  readonly names: readonly string[]
}

const REFUSED_TYPES: ReadonlyMap<number, ResourceType | undefined> = new Map<number, ResourceType | undefined>([
  [ErrorCode.TOPIC_AUTHORIZATION_FAILED, 'topic'],
  [ErrorCode.GROUP_AUTHORIZATION_FAILED, 'group'],
  [ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, 'transactional-id'],
  // Topics that nobody may create are refused so, too.
  [ErrorCode.CLUSTER_AUTHORIZATION_FAILED, undefined],
])
const NAME_FIELDS: readonly string[] = [
  'name',
  'topic',
  'topicName',
  'groupId',
  'transactionalId',
  'key',
  'resourceName',
]
const CODE_FIELD = /^(?:e|\w+E)rrorCode$/

/**
 * Finds what an answer of whatever API says was refused: codes of authorization, wherever they stand.
 *
 * @param topicOf the name of a topic id
 */
export function brokerRefusals(response: unknown, topicOf: (topicId: string) => string | undefined): BrokerRefusal[] {
  const found: BrokerRefusal[] = []
  collect(response, [], topicOf, found)
  return found
}

function collect(
  value: unknown,
  names: readonly string[],
  topicOf: (topicId: string) => string | undefined,
  found: BrokerRefusal[],
): void {
  if (Array.isArray(value)) {
    for (const member of value) collect(member, names, topicOf, found)
    return
  }
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return
  const members = Object.entries(value)
  const inside = [...names, ...members.flatMap(([field, member]) => nameIn(field, member, topicOf))]
  for (const [field, member] of members) {
    if (typeof member === 'number' && CODE_FIELD.test(field) && REFUSED_TYPES.has(member))
      found.push({ resourceType: REFUSED_TYPES.get(member), names: inside })
    else if (typeof member === 'object') collect(member, inside, topicOf, found)
  }
}

function nameIn(field: string, member: unknown, topicOf: (topicId: string) => string | undefined): string[] {
  if (typeof member !== 'string') return []
  if (NAME_FIELDS.includes(field)) return [member]
  const name = field === 'topicId' && member !== ZERO_UUID ? topicOf(member) : undefined
  return name === undefined ? [] : [name]
}
