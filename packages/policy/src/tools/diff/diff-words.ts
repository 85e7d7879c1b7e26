import type { PolicyDocument, SourcePosition } from '../../document/document.ts'
import { operationName } from '../../operation.ts'
import { printable } from '../../printable.ts'
import { actionOf, kindOf, outcomeData, outcomeWords, principalWords, quoted, quotedList } from '../access-words.ts'
import type { AccessChange } from './diff-policies.ts'
import type { AccessWitness } from './point.ts'
import type { StandingChange } from './standing-changes.ts'

const MAX_NAMES = 8
const MAX_PEOPLE = 3

/** Every change in words: what changes, for which names, and for whom for example, with the rules that bring it about. */
export function describeChanges(
  changes: readonly AccessChange[],
  standing: readonly StandingChange[],
  { before, after }: ComparedPolicies,
): string {
  const all = [...changes, ...standing]
  if (all.length === 0) return 'no change of access'
  const places = [before, after].map(placesOf)
  const blocks = changes.map((change) => describeChange(change, places))
  const lines = standing.map(({ isNewAccess, text }) => `${isNewAccess ? '+' : '-'} ${text}`)
  const fresh = all.filter(({ isNewAccess }) => isNewAccess).length
  const count = all.length === 1 ? '1 change' : `${all.length} changes`
  const sum = fresh === 0 ? 'none gives new access' : `${fresh} ${fresh === 1 ? 'gives' : 'give'} new access`
  return [...blocks, ...lines, `${count}, ${sum}`].join('\n')
}

/** The policies that were compared; they tell where rules stand. */
export interface ComparedPolicies {
  readonly before: PolicyDocument
  readonly after: PolicyDocument
}

type Places = ReadonlyMap<string, SourcePosition>

function placesOf({ rules }: PolicyDocument): Places {
  return new Map(rules.map(({ id, source }) => [id, source]))
}

function describeChange(change: AccessChange, places: readonly Places[]): string {
  const { resourceType, operation, isNewAccess, before, after, witnesses } = change
  const action = `${actionOf(resourceType, operation)}${resourceType === 'cluster' ? '' : ` a ${kindOf(resourceType)}`}`
  const head = `${isNewAccess ? '+' : '-'} ${action}: ${outcomeWords(before)} -> ${outcomeWords(after)}`
  const byName = groupByName(witnesses)
  const lines = [...byName]
    .slice(0, MAX_NAMES)
    .flatMap(([name, ofName]) => [
      `    ${name}`,
      ...ofName.slice(0, MAX_PEOPLE).map((witness) => `        ${witnessWords(witness, places)}`),
      ...(ofName.length > MAX_PEOPLE ? [`        and ${ofName.length - MAX_PEOPLE} more kinds of principals`] : []),
    ])
  if (byName.size > MAX_NAMES) lines.push(`    and ${byName.size - MAX_NAMES} more kinds of names`)
  return [head, ...lines].join('\n')
}

function groupByName(witnesses: readonly AccessWitness[]): ReadonlyMap<string, readonly AccessWitness[]> {
  const groups = new Map<string, AccessWitness[]>()
  for (const witness of witnesses) {
    const words = nameWords(witness)
    groups.set(words, [...(groups.get(words) ?? []), witness])
  }
  return groups
}

function nameWords({ name, matches, partition, lastPartition }: AccessWitness): string {
  const isLiteral = matches.includes(name)
  const patterns = matches.length === 0 ? 'no selector' : quotedList(matches)
  const words = isLiteral ? quoted(name) : `such as ${quoted(name)} (matched by ${patterns})`
  if (partition < 0) return words
  if (lastPartition === undefined) return `${words}, partitions from ${partition} on`
  return lastPartition === partition
    ? `${words}, partition ${partition}`
    : `${words}, partitions ${partition}-${lastPartition}`
}

function witnessWords({ principal, before, after }: AccessWitness, places: readonly Places[]): string {
  const [was, is] = [before, after].map(({ reason, ruleIds }, index) => {
    const rules = ruleIds.map((id) => {
      const place = places[index]?.get(id)
      return place === undefined ? id : `${id} (${printable(place.path)}:${place.line})`
    })
    return rules.length === 0 ? reason : `${reason} by ${rules.join(', ')}`
  })
  return `${principalWords(principal)}: ${was} -> ${is}`
}

/** Every change as plain data, for machines. */
export function changesData(changes: readonly AccessChange[]): object[] {
  return changes.map(({ resourceType, operation, isNewAccess, before, after, witnesses }) => ({
    resourceType,
    operation: operationName(operation),
    action: actionOf(resourceType, operation),
    isNewAccess,
    before: outcomeData(before),
    after: outcomeData(after),
    witnesses: witnesses.map((witness) => ({
      principal: { ...witness.principal, groups: witness.principal.groups ?? null },
      name: witness.name,
      matches: witness.matches,
      ...(witness.partition < 0 ? {} : { partition: witness.partition }),
      ...(witness.lastPartition === undefined ? {} : { lastPartition: witness.lastPartition }),
      before: { reason: witness.before.reason, rules: witness.before.ruleIds },
      after: { reason: witness.after.reason, rules: witness.after.ruleIds },
    })),
  }))
}
