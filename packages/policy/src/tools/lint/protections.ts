import type { PolicyDocument, Rule, TopicProtection } from '../../document/document.ts'
import type { AccessDirection } from '../../document/protection.ts'
import { Operation } from '../../operation.ts'
import { quoted, quotedList } from '../access-words.ts'
import { namesOf } from '../diff/diff-policies.ts'
import type { NameClass } from '../diff/name-classes.ts'
import { PolicyIndex } from '../diff/policy-index.ts'
import { findingAt, type LintFinding } from './finding.ts'
import { type Grants, grantsAt } from './grants.ts'

interface TopicPlace {
  readonly name: NameClass
  readonly protections: readonly TopicProtection[]
  readonly grants: Grants
}

/** Protections that nobody meets, that are at odds, or that the people concerned lift for each other. */
export function findIdleProtections(document: PolicyDocument): LintFinding[] {
  const index = new PolicyIndex(document)
  const places = namesOf([document], 'topic').map((name): TopicPlace => {
    const excerpt = index.excerpt('topic', name.matches).document
    return { name, protections: excerpt.topics, grants: grantsAt(excerpt, 'topic', name.name) }
  })
  return document.topics.flatMap((topic) => {
    const met = places.filter(({ protections }) => protections.includes(topic))
    return [...checkReach(topic, met), ...checkFormats(topic, met), ...checkApprovers(topic, met)]
  })
}

function grantsOf(places: readonly TopicPlace[], on: readonly AccessDirection[]): readonly Rule[] {
  const operations = on.flatMap((each) => (each === 'produce' ? [Operation.Write] : [Operation.Read, Operation.Replay]))
  return [...new Set(places.flatMap(({ grants }) => operations.flatMap((operation) => grants.get(operation) ?? [])))]
}

function checkReach({ id, mask, approval, source }: TopicProtection, met: readonly TopicPlace[]): LintFinding[] {
  const on = [...mask.flatMap((each) => each.on), ...(approval?.on ?? [])]
  const idle = [...new Set(on)].filter((direction) => grantsOf(met, [direction]).length === 0)
  // Where one direction is used the other may be guarded in advance.
  if (on.length === 0 || grantsOf(met, ['consume', 'produce']).length > 0) {
    const masked = mask.filter((each) => each.on.every((direction) => idle.includes(direction)))
    if (on.length === 0 || masked.length === 0) return []
    const message = `${quoted(id)} masks what nobody may ${[...new Set(masked.flatMap((each) => each.on))].join(' or ')}`
    return [findingAt(source, 'unreached-protection', message, 'mend `on`, or grant what it is for')]
  }
  const message = `${quoted(id)} protects topics that no rule lets anybody consume or produce`
  return [findingAt(source, 'unreached-protection', message, 'mend `match`, or remove the entry')]
}

function checkFormats(topic: TopicProtection, met: readonly TopicPlace[]): LintFinding[] {
  const readsValues = topic.mask.some(({ fields, anywhere, detect }) => (fields ?? anywhere ?? detect) !== undefined)
  if (!readsValues || topic.format === undefined) return []
  const odd = met.find(({ protections }) =>
    protections.some(({ format }) => format !== undefined && format !== topic.format),
  )
  const other = odd?.protections.find(({ format }) => format !== undefined && format !== topic.format)
  if (odd === undefined || other === undefined) return []
  const message = `${quoted(topic.id)} reads ${quoted(odd.name.name)} as ${topic.format} and ${quoted(other.id)} as ${other.format}, so that its records are withheld`
  return [findingAt(topic.source, 'format-conflict', message, 'declare one format')]
}

/** A rule all of whose groups may approve: they ask each other. */
function checkApprovers({ id, approval, source }: TopicProtection, met: readonly TopicPlace[]): LintFinding[] {
  if (approval === undefined) return []
  const asking = grantsOf(met, approval.on).filter(({ withoutApproval }) => withoutApproval !== true)
  const circular = asking.filter(({ who }) => {
    if (who === 'everyone') return false
    const { groups = [], issuers } = who
    // People of other issuers are other people.
    const areApart = issuers?.every((issuer) => approval.issuers?.includes(issuer) === false) === true
    return !areApart && groups.length > 0 && groups.every((group) => approval.by.includes(group))
  })
  if (circular.length === 0) return []
  const rules = quotedList(circular.map((rule) => rule.id))
  const message = `${quoted(id)} wants an approval by ${quotedList(approval.by)}, who are those whom ${rules} lets ask`
  return [findingAt(source, 'approvers-are-requesters', message, 'name a group of other people in `by`')]
}
