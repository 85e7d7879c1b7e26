import { sortedUnique } from '../../canonical.ts'
import type { PolicyDocument, SourcePosition } from '../../document/document.ts'
import { operationName } from '../../operation.ts'
import { printable } from '../../printable.ts'
import { actionOf, kindOf, outcomeData, outcomeWords, principalWords, quoted, quotedList } from '../access-words.ts'
import type { AccessChange } from './diff-policies.ts'
import type { AccessWitness } from './point.ts'
import type { StandingChange } from './standing-changes.ts'
import { accessKey } from './strictness.ts'

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
  const blocks = foldAlike(changes).map(({ change, others }) => describeChange(change, others, places))
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

interface FoldedChange {
  readonly change: AccessChange
  /** How many changes are told by this one. */
  others: number
}

/**
 * Of changes that the same rules bring about only the one whose principal has the fewest groups: what else somebody may be granted
 * makes outcomes of its own, and says nothing more.
 */
function foldAlike(changes: readonly AccessChange[]): readonly FoldedChange[] {
  const byCause = new Map<string, FoldedChange>()
  const groupsOf = ({ witnesses }: AccessChange): number => witnesses[0]?.principal.groups?.length ?? 0
  for (const change of changes.toSorted((a, b) => groupsOf(a) - groupsOf(b))) {
    const key = causeOf(change)
    const known = byCause.get(key)
    if (known === undefined) byCause.set(key, { change, others: 0 })
    else known.others += 1
  }
  const told = [...byCause.values()]
  return told.sort((a, b) => changes.indexOf(a.change) - changes.indexOf(b.change))
}

function causeOf({ resourceType, operation, isNewAccess, before, after, witnesses }: AccessChange): string {
  const [first] = witnesses
  // INVARIANT: no name is told by another one.
  const names = sortedUnique(witnesses.map(nameWords))
  const [was, is] = [first?.before.ruleIds ?? [], first?.after.ruleIds ?? []]
  const gone = was.filter((id) => !is.includes(id))
  const come = is.filter((id) => !was.includes(id))
  // Where the same rules speak, what changed is a rule or a protection itself.
  const same = gone.length + come.length === 0 ? [accessKey(before), accessKey(after)] : []
  return [resourceType, operation, isNewAccess, before.effect, after.effect, gone, come, ...names, ...same].join('\n')
}

function describeChange(change: AccessChange, others: number, places: readonly Places[]): string {
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
  if (others > 0)
    lines.push(
      `    and ${others} more ${others === 1 ? 'change' : 'changes'} by the same rules, for who is granted other things too`,
    )
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

function witnessWords(witness: AccessWitness, places: readonly Places[]): string {
  const { principal, atUnixMs, before, after } = witness
  const time = atUnixMs === undefined ? '' : `, at ${new Date(atUnixMs).toISOString()}`
  const [was, is] = [before, after].map(({ reason, ruleIds }, index) => {
    const rules = ruleIds.map((id) => {
      const place = places[index]?.get(id)
      return place === undefined ? id : `${id} (${printable(place.path)}:${place.line})`
    })
    return rules.length === 0 ? reason : `${reason} by ${rules.join(', ')}`
  })
  return `${principalWords(principal)}${time}: ${was} -> ${is}`
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
      ...(witness.atUnixMs === undefined ? {} : { at: new Date(witness.atUnixMs).toISOString() }),
      before: { reason: witness.before.reason, rules: witness.before.ruleIds },
      after: { reason: witness.after.reason, rules: witness.after.ruleIds },
    })),
  }))
}
