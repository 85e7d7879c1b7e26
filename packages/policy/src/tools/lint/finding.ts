import type { SourcePosition } from '../../document/document.ts'
import type { SourceProblem } from '../../document/problem.ts'

/** One of the things that `lintPolicy` looks for. */
export type LintCode =
  | 'impossible-condition'
  | 'unreachable-rule'
  | 'shadowed-rule'
  | 'confusable-name'
  | 'unqualified-name'
  | 'unknown-group'
  | 'wide-grant'
  | 'consume-without-group'
  | 'group-without-consume'
  | 'partitions-with-group'
  | 'transact-without-produce'
  | 'replay-without-read-audit'
  | 'uneven-consumer-group'
  | 'unreached-protection'
  | 'idle-mask'
  | 'hidden-selector'
  | 'format-conflict'
  | 'approvers-are-requesters'
  | 'part-of-no-json'
  | 'idle-only'
  | 'part-not-shown'

/** What a policy may be asked about though it is sound, each with what it is about. */
export const lintCodes: Readonly<Record<LintCode, string>> = Object.freeze({
  __proto__: null,
  'impossible-condition': 'nobody can meet what `who` asks for',
  'unreachable-rule': 'denials take all that the rule grants',
  'shadowed-rule': 'other rules say all that the rule says',
  'confusable-name': 'a name can be taken for another one',
  'unqualified-name': 'two issuers are named, and a subject or group is not said to be of one',
  'unknown-group': 'a group is none of those that `--groups` tells',
  'wide-grant': 'a grant to move or change records, or join, whatever the name',
  'consume-without-group': 'somebody may consume and join no consumer group',
  'group-without-consume': 'somebody may join a consumer group and consume nothing',
  'partitions-with-group':
    'consumer groups read whole topics, but those of @headgate/kafkajs, and the grant is for some partitions',
  'transact-without-produce': 'somebody may run transactions and produce nothing',
  'replay-without-read-audit': 'somebody may replay, and not read the trail that tells what there is to replay',
  'uneven-consumer-group': 'members of one consumer group may read different things',
  'unreached-protection': 'masks or approvals for topics that no rule grants',
  'idle-mask': 'a mask as strong hides the same wherever this one applies',
  'hidden-selector': 'what holds a masked field is hidden wherever the mask applies, so that it is never come to',
  'format-conflict': 'protections declare different formats, so that records are withheld',
  'approvers-are-requesters': 'all whom a rule lets ask are among those who may approve',
  'part-of-no-json': '`only` shows a part of records that are not declared to be json, so that they are withheld',
  'idle-only': 'other rules show more to all whom a rule with `only` concerns',
  'part-not-shown': 'something is masked or unmasked that `only` leaves out',
})

/** Something to look at: a problem with the code of a check. */
export interface LintFinding extends SourceProblem {
  readonly code: LintCode
}

/** Makes a finding at a place. */
export function findingAt(source: SourcePosition, code: LintCode, message: string, mend: string): LintFinding {
  const { path, line, column } = source
  return { path, line, column, code, message, mend }
}
