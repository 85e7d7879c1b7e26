import { LABEL_PREFIX } from '../document/names.ts'
import { Operation, operations, type ResourceType } from '../operation.ts'
import { ALL_PARTITIONS, decide } from '../program/decide.ts'
import type { Effect } from '../program/decision.ts'
import type { Program } from '../program/program.ts'
import type { PolicyResidual, ResidualRule } from '../program/residual.ts'
import type { Canary } from './bundle-claims.ts'
import { BundleCanaryError } from './errors.ts'

/** How many of each kind {@link createCanaries} makes at most. */
export interface CanaryOptions {
  /** Allowed ones, and again as many denied ones, and held ones. 8 unless told. */
  readonly perEffect?: number
}

/**
 * Picks decisions for a bundle to carry: what this program allows, denies and holds, and how it masks, so that an
 * evaluator that decides otherwise never puts the bundle in force.
 *
 * The same program gives the same canaries. Grants and denials of the rules come first; then names that no rule
 * speaks of, of which there is always one.
 */
export function createCanaries(program: Program, options: CanaryOptions = {}): readonly Canary[] {
  const { perEffect = 8 } = options
  const taken: Record<Effect, number> = { allow: 0, deny: 0, hold: 0 }
  const seen = new Set<string>()
  return [...unspokenRequests(), ...ruleRequests(program)].flatMap((request) => {
    const canary = expectDecision(program, request)
    const identity = JSON.stringify(canary)
    if (seen.has(identity) || taken[canary.effect] >= perEffect) return []
    seen.add(identity)
    taken[canary.effect]++
    return [canary]
  })
}

/**
 * Runs canaries.
 *
 * @throws BundleCanaryError `ERR_POLICY_BUNDLE_CANARY` at the first that comes out otherwise
 */
export function assertCanaries(program: Program, canaries: readonly Canary[]): void {
  const failed = canaries.findIndex((canary) => {
    const { effect, mask } = expectDecision(program, canary)
    return effect !== canary.effect || mask !== canary.mask
  })
  if (failed < 0) return
  const message = `bundle: canary ${failed} of ${canaries.length} came out otherwise than its issuer expects`
  throw new BundleCanaryError({ message, details: { canary: failed } })
}

interface CanaryRequest {
  readonly resourceType: ResourceType
  readonly operation: Operation
  readonly name: string
  readonly partition?: number
}

function expectDecision(program: Program, request: CanaryRequest): Canary {
  const { resourceType, operation, name, partition } = request
  const { effect, obligations } = decide(program, resourceType, operation, name, partition ?? ALL_PARTITIONS)
  const limit = partition === undefined ? {} : { partition }
  const mask = obligations?.mask?.digest
  return { resourceType, operation, name, ...limit, effect, ...(mask === undefined ? {} : { mask }) }
}

const UNSPOKEN = 'headgate-canary'

/** Requests for names that policies have no reason to speak of. */
function unspokenRequests(): CanaryRequest[] {
  const [first = 3] = operations
  return [
    { resourceType: 'topic', operation: first, name: `__${UNSPOKEN}` },
    { resourceType: 'topic', operation: first, name: UNSPOKEN },
    { resourceType: 'group', operation: first, name: UNSPOKEN },
  ]
}

/** Reads and writes under protections first, then rules that show a part: there are few, and these are most easily got wrong. */
function* ruleRequests({ residual }: Program): Generator<CanaryRequest> {
  for (const { match } of residual.protections) {
    const [selector = UNSPOKEN] = match
    for (const operation of [Operation.Read, Operation.Write]) {
      const request = { resourceType: 'topic', operation, name: fill(selector) } as const
      yield request
      // A grant may be for some partitions only.
      yield { ...request, partition: 0 }
    }
  }
  yield* scopeRequests(residual, ({ only }) => only !== undefined)
  yield* scopeRequests(residual, ({ only }) => only === undefined)
}

function* scopeRequests(residual: PolicyResidual, isMeant: (rule: ResidualRule) => boolean): Generator<CanaryRequest> {
  const topicsOf = (label: string): readonly string[] =>
    residual.topics.find(({ labels }) => labels.includes(label))?.match ?? []
  for (const { scopes } of residual.rules.filter(isMeant)) {
    for (const { resourceType, operation, names, partitions } of scopes) {
      const [name = ''] = names
      const isLabel = resourceType === 'topic' && name.startsWith(LABEL_PREFIX)
      const [selector = UNSPOKEN] = isLabel ? topicsOf(name.slice(LABEL_PREFIX.length)) : [name]
      const request = { resourceType, operation, name: fill(selector) }
      yield request
      const last = partitions?.at(-1)?.[1]
      if (last === undefined) continue
      yield { ...request, partition: last }
      if (last < 2_147_483_647) yield { ...request, partition: last + 1 }
    }
  }
}

/** A name that the selector matches. */
function fill(selector: string): string {
  return selector.replaceAll('*', 'canary').slice(0, 200)
}
