import { canonicalJson } from '../../canonical.ts'
import type { PolicyDocument, Rule, TopicProtection } from '../../document/document.ts'
import { Operation, operations, type ResourceType } from '../../operation.ts'
import type { Principal } from '../../principal.ts'
import { ALL_PARTITIONS, decide } from '../../program/decide.ts'
import type { Decision } from '../../program/decision.ts'
import { compileProgram, type Program } from '../../program/program.ts'
import { residualFor } from '../../program/residual.ts'
import type { NameClass } from './name-classes.ts'
import type { PolicyExcerpt } from './policy-index.ts'
import { type Condition, representativesOf } from './representatives.ts'
import { accessKey } from './strictness.ts'

/** One request that two policies decide otherwise, and what it stands for. */
export interface AccessWitness {
  /** Stands for whoever meets the same conditions of both policies. */
  readonly principal: Principal
  readonly resourceType: ResourceType
  readonly operation: Operation
  /** Stands for every name that the same selectors match. */
  readonly name: string
  /** The selectors of both policies that match the name. */
  readonly matches: readonly string[]
  /** The first of the partitions it stands for; {@link ALL_PARTITIONS} where the whole is asked for. */
  readonly partition: number
  /** The last of them, where there is one. */
  readonly lastPartition?: number
  /** Whether a rule tells partitions apart here; otherwise what is said of the whole is said of each. */
  readonly tellsPartitionsApart: boolean
  /** An instant of the times it stands for, where it does not stand for all. */
  readonly atUnixMs?: number
  readonly before: Decision
  readonly after: Decision
}

/** Names of one kind, and what two policies say there. */
export interface Point {
  readonly resourceType: ResourceType
  readonly name: NameClass
  readonly before: PolicyExcerpt
  readonly after: PolicyExcerpt
}

interface PartitionCell {
  readonly partition: number
  readonly lastPartition?: number
  readonly tellsPartitionsApart: boolean
}

/**
 * One request of each kind that is decided otherwise at some names.
 *
 * @param askers principals to ask; one of each kind unless told
 */
export function witnessesAt(point: Point, askers?: readonly Principal[]): AccessWitness[] {
  const programs = new Map<string, readonly Program[]>()
  const [rulesBefore, rulesAfter] = [rulesAlone(point.before, point), rulesAlone(point.after, point)]
  return operations.flatMap((operation) =>
    partitionCells(point, operation).flatMap((cell) => {
      const [before, after] = [rulesBefore, rulesAfter].map((rules) => conditionsOf(rules, point, operation, cell))
      if (before === undefined || after === undefined) return []
      if (isAlike(before, after) && (operationIsUnguarded(operation, point) || isAlikeGuarded(point))) return []
      const conditions = [...before, ...after.map(({ who, mark }) => ({ who, mark: `after ${mark}` }))]
      return (askers ?? representativesOf(conditions)).flatMap((principal): AccessWitness[] => {
        const found = compare(point, operation, cell, principal, programs)
        return found === undefined ? [] : [found]
      })
    }),
  )
}

const guarded: ReadonlySet<Operation> = new Set([Operation.Read, Operation.Write, Operation.Replay])

function operationIsUnguarded(operation: Operation, { resourceType }: Point): boolean {
  return resourceType !== 'topic' || !guarded.has(operation)
}

function isAlikeGuarded({ before, after }: Point): boolean {
  const meanings = ({ document }: PolicyExcerpt): string =>
    document.topics
      .map((topic) => canonicalJson({ ...topic, source: undefined }))
      .sort()
      .join('\n')
  return meanings(before) === meanings(after)
}

function isAlike(before: readonly Condition[], after: readonly Condition[]): boolean {
  const keys = (conditions: readonly Condition[]): string =>
    [...new Set(conditions.map((each) => canonicalJson({ ...each })))].sort().join('\n')
  return keys(before) === keys(after)
}

/** The whole, and where rules tell partitions apart, each run of partitions that they treat alike. */
function partitionCells({ before, after }: Point, operation: Operation): readonly PartitionCell[] {
  const runs = [before, after].flatMap(({ document }) =>
    document.rules.flatMap(({ scopes }) =>
      scopes.flatMap((scope) => (scope.operation === operation ? (scope.partitions ?? []) : [])),
    ),
  )
  if (runs.length === 0) return [{ partition: ALL_PARTITIONS, tellsPartitionsApart: false }]
  const firsts = [...new Set([0, ...runs.flatMap(([first, last]) => [first, last + 1])])].sort((a, b) => a - b)
  const cells = firsts.map((partition, index): PartitionCell => {
    const next = firsts[index + 1]
    const cell = { partition, tellsPartitionsApart: true }
    return next === undefined ? cell : { ...cell, lastPartition: next - 1 }
  })
  return [{ partition: ALL_PARTITIONS, tellsPartitionsApart: true }, ...cells]
}

interface RuleAlone {
  readonly rule: Rule
  readonly program: Program
}

/** Each rule by itself and for everybody, without what protections ask for, which may only hide what a rule does. */
function rulesAlone({ document }: PolicyExcerpt, { resourceType }: Point): readonly RuleAlone[] {
  const topics = document.topics.map(unguardedOf)
  return document.rules
    .filter(({ scopes }) => scopes.some((scope) => scope.resourceType === resourceType))
    .map((rule) => {
      const rules = [{ ...rule, who: 'everyone' as const }]
      return { rule, program: programOf({ version: 1, topics, rules, owners: [] }, nobody) }
    })
}

/** What each rule does where its condition holds, as the evaluator itself tells. */
function conditionsOf(
  rules: readonly RuleAlone[],
  { resourceType, name }: Point,
  operation: Operation,
  { partition }: PartitionCell,
): readonly Condition[] {
  return rules.flatMap(({ rule, program }): Condition[] => {
    const { effect, reason } = decide(program, resourceType, operation, name.name, partition)
    if (reason === 'denied-by-rule') return [{ who: rule.who, mark: 'denies' }]
    return effect === 'allow' ? [{ who: rule.who, mark: `grants ${liftsOf(rule, operation)}` }] : []
  })
}

const nobody: Principal = Object.freeze({ issuer: '', subject: '', groups: Object.freeze([]) })

function unguardedOf({ id, match, labels, discoverable, source }: TopicProtection): TopicProtection {
  return { id, match, labels, discoverable, mask: [], audit: 'standard', source }
}

function liftsOf({ unmask, only, withoutApproval }: Rule, operation: Operation): string {
  const moves = operation === Operation.Read || operation === Operation.Write
  const shows = operation === Operation.Read || operation === Operation.Replay
  return canonicalJson([
    operation === Operation.Read ? (unmask ?? {}) : {},
    moves && withoutApproval === true,
    (shows ? only : undefined) ?? 'all',
  ])
}

/** What a policy without schedules comes to for a principal. */
export function programOf(document: PolicyDocument, principal: Principal): Program {
  return compileProgram(residualFor(document, principal))
}

function compare(
  { resourceType, name, before, after }: Point,
  operation: Operation,
  cell: PartitionCell,
  principal: Principal,
  programs: Map<string, readonly Program[]>,
): AccessWitness | undefined {
  const key = canonicalJson({ ...principal })
  const both = programs.get(key) ?? [before, after].map(({ document }) => programOf(document, principal))
  programs.set(key, both)
  const [was, is] = both.map((program) => decide(program, resourceType, operation, name.name, cell.partition))
  if (was === undefined || is === undefined || accessKey(was) === accessKey(is)) return undefined
  return { principal, resourceType, operation, ...name, ...cell, before: was, after: is }
}
