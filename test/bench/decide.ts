import { compileProgram, decide as decideOf, Operation, type Program, parsePolicy, residualFor } from '@headgate/policy'
import type { Figure } from './report.ts'
import { spreadOf, spreadText } from './statistics.ts'

const DECISIONS = 3_000_000
const RULE_COUNTS = [20, 2_000]
const NAMES = 1_024
const BUDGET_MILLIONS = 5

// An import is a getter call in some module systems: bound once, it is measured as itself.
const decide = decideOf

/** Decisions a second with few and with many rules, over names that come again and again, beside a bare look-up. */
export function benchDecide(rounds: number, tell: (text: string) => void): Figure[] {
  const figures = RULE_COUNTS.map((rules) => {
    const program = programOf(rules)
    const names = Array.from({ length: NAMES }, (_, n) => `team-${n % rules}.topic-${n}`)
    const millions = Array.from({ length: rounds + 1 }, () =>
      millionsPerSecond((n) => decide(program, 'topic', Operation.Read, names[n % NAMES] ?? '', 0).effect === 'allow'),
    ).slice(1)
    const spread = spreadOf(millions)
    tell(`decide: ${rules} rules ${spread.median.toFixed(1)} M/s`)
    return {
      bench: 'decide',
      what: `${rules} rules, M decisions/s`,
      value: spreadText(spread, 1),
      number: spread.median,
      budget: `≥ ${BUDGET_MILLIONS}`,
      isMet: spread.median >= BUDGET_MILLIONS,
    }
  })
  const table = new Map(Array.from({ length: NAMES }, (_, n) => [`team-${n}.topic-${n}`, true]))
  const keys = [...table.keys()]
  const bare = spreadOf(
    Array.from({ length: rounds }, () => millionsPerSecond((n) => table.get(keys[n % NAMES] ?? '') === true)),
  )
  return [
    ...figures,
    { bench: 'decide', what: 'a bare Map, M look-ups/s', value: spreadText(bare, 1), number: bare.median },
  ]
}

function programOf(rules: number): Program {
  const text = Array.from(
    { length: rules },
    (_, n) => `  - id: rule-${n}\n    who: everyone\n    may: { consume: ["team-${n}.*"], as: ["team-${n}-*"] }\n`,
  )
  const parsed = parsePolicy({ path: 'bench.yaml', text: `rules:\n${text.join('')}` }, () => '')
  if (!parsed.ok) throw new Error('the policy of the bench has problems')
  return compileProgram(residualFor(parsed.document, { issuer: 'corp', subject: 'bench', groups: [] }))
}

function millionsPerSecond(once: (n: number) => boolean): number {
  let granted = 0
  const startedAt = performance.now()
  for (let n = 0; n < DECISIONS; n += 1) if (once(n)) granted += 1
  const seconds = (performance.now() - startedAt) / 1_000
  if (granted !== DECISIONS) throw new Error('the bench was refused what it is granted')
  return DECISIONS / seconds / 1e6
}
