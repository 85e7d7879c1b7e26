import type { PolicyDocument, Rule } from '../../document/document.ts'
import type { UnmaskRight } from '../../document/protection.ts'
import { matchesGlob } from '../../glob.ts'
import { uniteKeepLists } from '../../keep-list.ts'
import { Operation } from '../../operation.ts'
import { ALL_PARTITIONS, decide } from '../../program/decide.ts'
import type { SeenUse } from '../../seen-access.ts'
import { programOf } from '../diff/point.ts'
import { accessKey } from '../diff/strictness.ts'

/** What is known of the rights that a rule gives beside its verbs. */
export interface RightUses {
  /** Items of `unmask` that lifted nothing of what was read by the rule. */
  readonly unusedUnmasks: readonly string[]
  /** Items of `unmask` with which records were read, by topic: whether anybody looked at what they show is not known. */
  readonly shownUnmasks: readonly string[]
  readonly shownTopics: readonly string[]
  /** The rule needs no approval, and nothing that it was used for is under one. */
  readonly isWithoutApprovalUnused: boolean
}

/** Tells what the rights of a rule came to in what was done by it, under the protections of its policy. */
export function rightUses(document: PolicyDocument, rule: Rule, uses: readonly SeenUse[]): RightUses {
  const topics = [...new Set(uses.filter(isOf(Operation.Read)).map(({ name }) => name))]
  const items = itemsOf(rule.unmask ?? {})
  const shown = items.map(({ word, right }) => ({
    word,
    topics: topics.filter((name) =>
      lifts(document, rule, Operation.Read, name, { unmask: right, ...shownAt(document, uses, name) }),
    ),
  }))
  const isFree = (operation: Operation) => (use: SeenUse) =>
    isOf(operation)(use) && lifts(document, rule, operation, use.name, { withoutApproval: true })
  const isUsedFreely = [Operation.Read, Operation.Write].some((operation) => uses.some(isFree(operation)))
  return {
    unusedUnmasks: shown.filter((each) => each.topics.length === 0).map(({ word }) => word),
    shownUnmasks: shown.filter((each) => each.topics.length > 0).map(({ word }) => word),
    shownTopics: topics.filter((name) => shown.some((each) => each.topics.includes(name))),
    isWithoutApprovalUnused: rule.withoutApproval === true && !isUsedFreely,
  }
}

const isOf =
  (operation: Operation) =>
  (use: SeenUse): boolean =>
    use.resourceType === 'topic' && use.operation === operation

/** All that was shown to who read a topic, by all rules that let them: what was not there was not lifted either. */
function shownAt({ rules }: PolicyDocument, uses: readonly SeenUse[], name: string): Pick<Rule, 'only'> {
  const ids = new Set(
    uses.filter((use) => isOf(Operation.Read)(use) && use.name === name).flatMap((use) => use.ruleIds),
  )
  const only = uniteKeepLists(rules.filter(({ id }) => ids.has(id)).map((rule) => rule.only))
  return only === undefined ? {} : { only }
}

/** Whether a right makes a difference to whoever may do nothing else at a topic. */
function lifts(
  { topics }: PolicyDocument,
  { id, source }: Rule,
  operation: Operation,
  name: string,
  { only, ...right }: Pick<Rule, 'unmask' | 'withoutApproval' | 'only'>,
): boolean {
  const protections = topics.filter(({ match }) => match.some((selector) => matchesGlob(selector, name)))
  const [without, within] = [{}, right].map((rights) => {
    const scopes = [{ resourceType: 'topic', operation, names: [name] }] as const
    const shown = only === undefined ? {} : { only }
    const rule: Rule = { id, source, who: 'everyone', effect: 'allow', scopes, ...shown, ...rights }
    const program = programOf({ version: 1, topics: protections, rules: [rule], owners: [] }, nobody)
    return accessKey(decide(program, 'topic', operation, name, ALL_PARTITIONS))
  })
  return without !== within
}

const nobody = Object.freeze({ issuer: '', subject: '', groups: Object.freeze([]) })

/** Each item of `unmask` by itself, as a policy writes it. */
function itemsOf({ fields = [], anywhere = [], detect = [], headers = [], key }: UnmaskRight): readonly {
  readonly word: string
  readonly right: UnmaskRight
}[] {
  return [
    ...fields.map((word) => ({ word, right: { fields: [word] } })),
    ...anywhere.map((name) => ({ word: `anywhere:${name}`, right: { anywhere: [name] } })),
    ...detect.map((name) => ({ word: `detect:${name}`, right: { detect: [name] } })),
    ...headers.map((name) => ({ word: `header:${name}`, right: { headers: [name] } })),
    ...(key === true ? [{ word: 'key', right: { key } as const }] : []),
  ]
}
