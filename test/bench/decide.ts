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

const RULE_COUNTS = [20, 200, 2_000]
const NAMES = 1_000
const PROGRAMS = 100
const MIN_MILLIONS: Budget = { bound: 'at least', limit: 5 }
const MAX_REPEATED_NANOSECONDS: Budget = { bound: 'at most', limit: 60 }

// An import is a getter call in some module systems: bound once, it is measured as itself.
const decide = decideOf

/**
 * Decisions with few and with many rules, all of which concern the principal, without protections and under a mask of
 * every topic and one of its own, beside look-ups in a bare `Map`.
 *
 * Each name is asked for a first time of a program that has decided nothing yet, again, and again in a string that was
 * decoded just before, whose hash nobody knows, as it is in a gateway.
 */
export function benchDecide(rounds: number, tell: (text: string) => void): Figure[] {
  return RULE_COUNTS.flatMap((rules) => {
    const [open, masked] = [residualOf(rules, false), residualOf(rules, true)]
    const newProgram = (): Decider => {
      const program = compileProgram(open)
      return (name) => decide(program, 'topic', Operation.Read, name, 0).effect === 'allow'
    }
    const newMaskedProgram = (): Decider => {
      const program = compileProgram(masked)
      return (name) => decide(program, 'topic', Operation.Read, name, 0).obligations?.mask !== undefined
    }
    const newMap = (): Decider => {
      const table = new Map(Array.from({ length: rules }, (_, n) => [nameOf(rules, n), true]))
      return (name) => table.get(name) !== false
    }
    const figures = figuresOf(`${rules} rules`, rules, rounds, newProgram, [MIN_MILLIONS, MAX_REPEATED_NANOSECONDS])
    const under = figuresOf(`${rules} rules, masked`, rules, rounds, newMaskedProgram, [])
    tell(`decide: ${rules} rules done`)
    return [...figures, ...under, ...figuresOf(`bare Map of ${rules}`, rules, rounds, newMap, [])]
  })
}

function figuresOf(
  what: string,
  rules: number,
  rounds: number,
  newDecider: () => Decider,
  [first, again]: readonly Budget[],
): Figure[] {
  const samples = Array.from({ length: rounds + 1 }, () => measure(rules, newDecider)).slice(1)
  const figure = (of: string, unit: string, digits: number, values: readonly number[], budget?: Budget): Figure => {
    const plain = { bench: 'decide', what: `${what}: ${of}`, unit, digits, spread: spreadOf(values) }
    return budget === undefined ? plain : { ...plain, budget }
  }
  return [
    figure(
      'a name for the first time',
      'M/s',
      1,
      samples.map((sample) => 1e3 / sample.first),
      first,
    ),
    figure(
      'a name again',
      'ns',
      0,
      samples.map((sample) => sample.again),
      again,
    ),
    figure(
      'a name again, decoded anew',
      'ns',
      0,
      samples.map((sample) => sample.decoded),
    ),
  ]
}

/** Nanoseconds for each decision: of the programs the middle one, which other work on the machine does not reach. */
function measure(rules: number, newDecider: () => Decider): { first: number; again: number; decoded: number } {
  const names = Array.from({ length: NAMES }, (_, n) => nameOf(rules, n))
  // Their hashes are known from here on.
  if (new Set(names).size !== NAMES) throw new Error('the bench has too few names')
  const turns = Array.from({ length: PROGRAMS }, () => {
    const decider = newDecider()
    const first = millisecondsFor(names, decider)
    const again = millisecondsFor(names, decider)
    const fresh = Array.from({ length: NAMES }, (_, n) => nameOf(rules, n))
    return { first, again, decoded: millisecondsFor(fresh, decider) }
  })
  const scale = 1e6 / NAMES
  const medianOf = (of: (turn: (typeof turns)[number]) => number): number => spreadOf(turns.map(of)).median * scale
  return {
    first: medianOf(({ first }) => first),
    again: medianOf(({ again }) => again),
    decoded: medianOf(({ decoded }) => decoded),
  }
}

/** A name as it comes from the wire: a flat string. */
function nameOf(rules: number, n: number): string {
  return Buffer.from(`team-${n % rules}.topic-${n}`, 'latin1').toString('latin1')
}

function millisecondsFor(names: readonly string[], decider: Decider): number {
  let granted = 0
  const startedAt = performance.now()
  for (const name of names) if (decider(name)) granted += 1
  const milliseconds = performance.now() - startedAt
  if (granted !== names.length) throw new Error('the bench was refused what it is granted')
  return milliseconds
}

function residualOf(rules: number, isMasked: boolean): PolicyResidual {
  const own = (n: number): object => ({ match: [`team-${n}.*`], mask: [{ headers: [`h-${n % 10}`], with: 'remove' }] })
  const all = { match: ['*'], format: 'json', mask: [{ fields: 'card/number', with: 'last-4' }] }
  const topics = isMasked ? [all, ...Array.from({ length: rules }, (_, n) => own(n))] : []
  const entries = Array.from({ length: rules }, (_, n) => ({
    id: `rule-${n}`,
    who: 'everyone',
    may: { consume: [`team-${n}.*`], as: [`team-${n}-*`] },
  }))
  const parsed = parsePolicy({ path: 'bench.yaml', text: JSON.stringify({ topics, rules: entries }) }, () => '')
  if (!parsed.ok) throw new Error('the policy of the bench has problems')
  return residualFor(parsed.document, { issuer: 'corp', subject: 'bench', groups: [] })
}
