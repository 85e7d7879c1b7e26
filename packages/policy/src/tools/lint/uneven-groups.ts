import type { PolicyDocument, Rule } from '../../document/document.ts'
import { Operation } from '../../operation.ts'
import type { Principal } from '../../principal.ts'
import { decide } from '../../program/decide.ts'
import type { Program } from '../../program/program.ts'
import { matchWho } from '../../program/who.ts'
import { principalWords, quoted } from '../access-words.ts'
import { namesOf } from '../diff/diff-policies.ts'
import { representativesOf } from '../diff/representatives.ts'
import { accessKey } from '../diff/strictness.ts'
import { findingAt, type LintFinding } from './finding.ts'
import { programFor } from './grants.ts'

interface Reader {
  readonly principal: Principal
  readonly program: Program
  /** How each topic is read, in the order of topics. */
  readonly readings: readonly string[]
}

/**
 * Consumer groups whose members may read different things: what one is denied, or waits for, stands still for the others too,
 * for the group's partitions are dealt to all.
 *
 * For each rule that lets somebody read, one is taken whom it concerns, so that kinds of people that several rules make are not seen.
 */
export function findUnevenGroups(document: PolicyDocument): LintFinding[] {
  const topics = namesOf([document], 'topic').map(({ name }) => name)
  const readers = readersOf(document, topics)
  const found = new Map<string, LintFinding>()
  for (const { name } of namesOf([document], 'group')) {
    const members = readers.filter(({ program }) => decide(program, 'group', Operation.Read, name).effect === 'allow')
    const [first] = members
    const other = members.find(({ readings }) => first !== undefined && readings.join() !== first.readings.join())
    if (first === undefined || other === undefined) continue
    const rule = ruleOf(document, decide(other.program, 'group', Operation.Read, name).ruleIds[0])
    const at = topics.findIndex((_, index) => first.readings[index] !== other.readings[index])
    if (rule === undefined || found.has(rule.id)) continue
    const message = `consumer group ${quoted(name)} is open to ${principalWords(first.principal)}, and to ${principalWords(other.principal)}, who do not read ${quoted(topics[at] ?? '')} alike`
    found.set(
      rule.id,
      findingAt(rule.source, 'uneven-consumer-group', message, 'give each of them consumer groups of its own'),
    )
  }
  return [...found.values()]
}

function readersOf(document: PolicyDocument, topics: readonly string[]): readonly Reader[] {
  return candidatesOf(document).flatMap((principal): Reader[] => {
    const program = programFor(document, principal)
    const readings = topics.map((topic) => accessKey(decide(program, 'topic', Operation.Read, topic)))
    return readings.some((reading) => reading !== 'deny') ? [{ principal, program, readings }] : []
  })
}

/** For each rule that lets somebody read or join, one whom it concerns, with the fewest groups. */
function candidatesOf({ rules }: PolicyDocument): readonly Principal[] {
  const reading = rules.filter(({ scopes }) => scopes.some(({ operation }) => operation === Operation.Read))
  const found = new Map<string, Principal>()
  for (const { who } of reading) {
    const concerned = representativesOf([{ who, mark: '' }]).find(
      (principal) => principal.groups !== undefined && matchWho(who, principal) === 'true',
    )
    if (concerned !== undefined) found.set(JSON.stringify(concerned), concerned)
  }
  return [...found.values()]
}

function ruleOf({ rules }: PolicyDocument, id: string | undefined): Rule | undefined {
  return rules.find((rule) => rule.id === id)
}
