import { proofLines, wrap } from '../table.ts'
import type { AttackFamily } from './attack.ts'
import type { JudgedAttack } from './judge-attacks.ts'

const WIDTH = 100
const LEFT_WIDTH = 14

function rows({ attack, proofs, unrecorded, verdict }: JudgedAttack): string[] {
  const { absent, except } = attack
  const right = [
    ...wrap(`${attack.tried}: ${attack.expected}`, WIDTH),
    ...(absent === undefined ? [] : wrap(`does not apply: ${absent}`, WIDTH)),
    ...(except === undefined ? [] : wrap(`but for this: ${except}`, WIDTH)),
    ...proofLines(proofs),
    ...unrecorded.map(({ file, title }) => `not run ${file}: ${title}`),
  ]
  return right.map(
    (text, index) => `${(index === 0 ? `${attack.id.padEnd(4)} ${verdict}` : '').padEnd(LEFT_WIDTH)}${text}`,
  )
}

/** Prints lines, results and the tests that show them as a table for a terminal. */
export function formatAttacks(judged: readonly JudgedAttack[]): string {
  const head = `${'line result'.padEnd(LEFT_WIDTH)}what is tried: what comes of it, and the tests that show it`
  const counts = new Map<string, number>()
  for (const { verdict } of judged) counts.set(verdict, (counts.get(verdict) ?? 0) + 1)
  const sum = [...counts].map(([verdict, count]) => `${count} ${verdict}`).join(', ')
  return [head, '', ...judged.flatMap((each) => [...rows(each), '']), `${judged.length} lines: ${sum}`].join('\n')
}

/** The same for machines. */
export function attacksData(judged: readonly JudgedAttack[]): object[] {
  return judged.map(({ attack, proofs, unrecorded, verdict }) => ({
    line: attack.id,
    tried: attack.tried,
    expected: attack.expected,
    ...(attack.absent === undefined ? {} : { absent: attack.absent }),
    ...(attack.except === undefined ? {} : { except: attack.except }),
    result: verdict,
    ...(unrecorded.length === 0 ? {} : { unrecorded }),
    tests: proofs.map(({ test, run }) => ({
      ...test,
      project: run.record.project,
      commit: run.record.commit,
      stale: run.stale,
    })),
  }))
}

const cell = (text: string): string => text.replaceAll('|', '\\|')

/** The page of the list. */
export function attacksPage(families: readonly AttackFamily[]): string {
  const sections = families.flatMap(({ title, attacks }) => [
    `## ${title}`,
    '',
    '| line | what is tried | what has to come of it |',
    '|---|---|---|',
    ...attacks.map(({ id, tried, expected, absent, except }) => {
      const note = absent === undefined ? (except === undefined ? '' : ` But for this: ${except}.`) : ''
      const outcome = absent === undefined ? `${expected}.${note}` : `*Does not apply*: ${absent}.`
      return `| ${id} | ${cell(tried)} | ${cell(outcome)} |`
    }),
    '',
  ])
  return [
    '<!-- Written by `npm run claims -- attacks --write` from test/claims/attacks. -->',
    '# Attacks',
    '',
    'What somebody may try against bundles, tokens, sign-ins and policies, and what has to come of it. **Each line that applies is shown',
    'by tests whose titles begin with its number**, such as `T3: …`; a test fails where a line has none, and where a line that is told not',
    'to apply has one.',
    '',
    '```sh',
    'npm run claims -- attacks           # line, result, tests, from the last run of the tests',
    'npm run claims -- attacks --json',
    '```',
    '',
    ...sections,
  ].join('\n')
}
