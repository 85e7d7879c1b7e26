import {
  compileProgram,
  decide as decideOf,
  Operation,
  type PolicyResidual,
  parsePolicy,
  residualFor,
} from '@headgate/policy'
import type { Budget, Figure } from './figure.ts'
import { spreadOf } from './statistics.ts'

type Decider = (name: string) => boolean

interface Leg {
  readonly what: string
  readonly newDecider: () => Decider
  /** Of a name for the first time, in millions a second. */
  readonly first?: Budget
  /** Of a name again, in nanoseconds. */
  readonly again?: Budget
}

const RULE_COUNTS = [20, 200, 2_000]
const NAMES = 1_000
const PROGRAMS = 100
const MIN_MILLIONS: Budget = { bound: 'at least', limit: 5 }
const MAX_REPEATED_NANOSECONDS: Budget = { bound: 'at most', limit: 60 }

// An import is a getter call in some module systems: bound once, it is measured as itself.
const decide = decideOf

/**
 * Decisions with few and with many rules, all of which concern the principal: each for topics that begin with a text of its own,
 * also with a denial of all that end with another, and under a mask of every topic and one of the rule's own. Beside them, look-ups in a
 * bare `Map` that holds every name.
 *
 * Each name is asked for a first time of a program that has decided nothing yet, again, and again in a string that was
 * decoded just before, whose hash nobody knows, as it is in a gateway.
 */
export function benchDecide(rounds: number, tell: (text: string) => void): Figure[] {
  return RULE_COUNTS.flatMap((rules) => {
    const legs = legsOf(rules)
    const samples = legs.map((): Sample[] => [])
    // One round is to warm up.
    for (let round = 0; round <= rounds; round += 1)
      for (const [nth, { newDecider }] of legs.entries()) samples[nth]?.push(measure(rules, newDecider))
    tell(`decide: ${rules} rules done`)
    return legs.flatMap((leg, nth) => figuresOf(leg, samples[nth]?.slice(1) ?? []))
  })
}

function legsOf(rules: number): readonly Leg[] {
  const [plain, ending, masked] = [residualOf(rules), residualOf(rules, 'ending'), residualOf(rules, 'masked')]
  const newDecider = (residual: PolicyResidual): Decider => {
    const program = compileProgram(residual)
    return (name) => decide(program, 'topic', Operation.Read, name, 0).effect === 'allow'
  }
  const newMaskedDecider = (): Decider => {
    const program = compileProgram(masked)
    return (name) => decide(program, 'topic', Operation.Read, name, 0).obligations?.mask !== undefined
  }
  const newMap = (): Decider => {
    const table = new Map(namesOf(rules).map((name) => [name, true]))
    return (name) => table.get(name) === true
  }
  const again = MAX_REPEATED_NANOSECONDS
  return [
    { what: `${rules} rules`, newDecider: () => newDecider(plain), first: MIN_MILLIONS, again },
    { what: `${rules} rules and a denial by ending`, newDecider: () => newDecider(ending) },
    { what: `${rules} rules, masked`, newDecider: newMaskedDecider, again },
    { what: `bare Map beside ${rules}`, newDecider: newMap },
  ]
}

function figuresOf({ what, first, again }: Leg, samples: readonly Sample[]): Figure[] {
  const figure = (of: string, unit: string, digits: number, values: readonly number[], budget?: Budget): Figure => {
    const plain = { bench: 'decide', what: `${what}: ${of}`, unit, digits, spread: spreadOf(values) }
    return budget === undefined ? plain : { ...plain, budget }
  }
  const [firsts, agains, decoded] = [
    samples.map((sample) => 1e3 / sample.first),
    samples.map((sample) => sample.again),
    samples.map((sample) => sample.decoded),
  ]
  return [
    figure('a name for the first time', 'M/s', 1, firsts, first),
    figure('a name again', 'ns', 0, agains, again),
    figure('a name again, decoded anew', 'ns', 0, decoded),
  ]
}

interface Sample {
  readonly first: number
  readonly again: number
  readonly decoded: number
}

/** Nanoseconds for each decision: of the programs the middle one, which other work on the machine does not reach. */
function measure(rules: number, newDecider: () => Decider): Sample {
  const names = namesOf(rules)
  // Their hashes are known from here on.
  if (new Set(names).size !== NAMES) throw new Error('the bench has too few names')
  const turns = Array.from({ length: PROGRAMS }, () => {
    const decider = newDecider()
    const first = millisecondsFor(names, decider)
    const again = millisecondsFor(names, decider)
    return { first, again, decoded: millisecondsFor(namesOf(rules), decider) }
  })
  const scale = 1e6 / NAMES
  const medianOf = (of: (turn: (typeof turns)[number]) => number): number => spreadOf(turns.map(of)).median * scale
  return {
    first: medianOf(({ first }) => first),
    again: medianOf(({ again }) => again),
    decoded: medianOf(({ decoded }) => decoded),
  }
}

/** Names as they come from the wire: flat strings. */
function namesOf(rules: number): readonly string[] {
  return Array.from({ length: NAMES }, (_, n) =>
    Buffer.from(`team-${n % rules}.topic-${n}`, 'latin1').toString('latin1'),
  )
}

function millisecondsFor(names: readonly string[], decider: Decider): number {
  let granted = 0
  const startedAt = performance.now()
  for (const name of names) if (decider(name)) granted += 1
  const milliseconds = performance.now() - startedAt
  if (granted !== names.length) throw new Error('the bench was refused what it is granted')
  return milliseconds
}

function residualOf(rules: number, kind?: 'ending' | 'masked'): PolicyResidual {
  const own = (n: number): object => ({ match: [`team-${n}.*`], mask: [{ headers: [`h-${n % 10}`], with: 'remove' }] })
  const all = { match: ['*'], format: 'json', mask: [{ fields: 'card/number', with: 'last-4' }] }
  const topics = kind === 'masked' ? [all, ...Array.from({ length: rules }, (_, n) => own(n))] : []
  const denials = kind === 'ending' ? [{ id: 'no-secrets', who: 'everyone', never: { consume: ['*.secret'] } }] : []
  const grants = Array.from({ length: rules }, (_, n) => ({
    id: `rule-${n}`,
    who: 'everyone',
    may: { consume: [`team-${n}.*`], as: [`team-${n}-*`] },
  }))
  const parsed = parsePolicy(
    { path: 'bench.yaml', text: JSON.stringify({ topics, rules: [...grants, ...denials] }) },
    () => '',
  )
  if (!parsed.ok) throw new Error('the policy of the bench has problems')
  return residualFor(parsed.document, { issuer: 'corp', subject: 'bench', groups: [] })
}
