import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../../reporter/fingerprint.ts'
import type { RecordedTest, ResultState } from '../../reporter/results.ts'
import type { JudgedRun } from '../proofs.ts'
import { recordedRun as run } from '../recorded-run-fixture.ts'
import type { Attack } from './attack.ts'
import { attacksData, attacksPage, formatAttacks } from './attack-table.ts'
import { attackFamilies } from './attacks.ts'
import { allHeld, judgeAttacks } from './judge-attacks.ts'
import { shownLines, titledTests, titlesOf } from './titles.ts'

const attacks = attackFamilies.flatMap((family) => family.attacks)

test('lines are numbered from 1 on without a gap in each family', () => {
  for (const family of attackFamilies) {
    expect(family.attacks.map(({ id }) => id)).toEqual(family.attacks.map((_, n) => `${family.letter}${n + 1}`))
  }
})

test('every line that applies has a test, and no other has', () => {
  const tests = titledTests().map(({ file, title }) => ({ file, title, lines: shownLines(title) }))
  const shown = new Set(tests.flatMap(({ lines }) => lines))
  const applicable = attacks.filter(({ absent }) => absent === undefined).map(({ id }) => id)

  expect(applicable.filter((id) => !shown.has(id))).toEqual([])
  expect(tests.filter(({ lines }) => lines.some((id) => !applicable.includes(id)))).toEqual([])
})

test('the page of attacks is in step with the list: `npm run claims -- attacks --write`', () => {
  expect(readFileSync(join(ROOT, 'docs/security/attacks.md'), 'utf8')).toBe(attacksPage(attackFamilies))
})

test('a title tells the lines that it shows, also a run of them and in the group around it', () => {
  expect(shownLines('T1, T4: a token')).toEqual(['T1', 'T4'])
  expect(shownLines('S1–S3: wrapped')).toEqual(['S1', 'S2', 'S3'])
  expect(shownLines('S9-10: refused')).toEqual(['S9', 'S10'])
  expect(shownLines('K2: extensions > T1: of a group')).toEqual(['K2', 'T1'])
  expect(shownLines('P4, R9: whoever asks')).toEqual(['P4'])
  expect(shownLines('what is not T1: a line')).toEqual([])
})

test('titles are read from any table of tests', () => {
  // Not written whole, so that this is no title itself.
  const title = (line: string): string => `${line}: a token is refused`
  const source = `test('${title('T1')}', f)\nit.each([[1]])("${title('T2')}", f)\nconst row = { name: \`${title('T3')} \${n}\` }`
  expect(titlesOf(source)).toEqual([title('T1'), title('T2'), `${title('T3')} \${n}`])
})

const attack: Attack = { id: 'T1', tried: 'another client', expected: 'refused' }
const recorded = (state: ResultState, name = 'T1: refused'): RecordedTest => ({ file: 'a.test.ts', name, state })

test.each<[string, Attack, readonly JudgedRun[]]>([
  ['held', attack, [run([recorded('passed')])]],
  ['stale', attack, [run([recorded('passed')], true)]],
  ['failed', attack, [run([recorded('passed'), recorded('failed', 'T1, T2: both')])]],
  ['not run', attack, [run([recorded('not run')])]],
  ['no test', attack, [run([recorded('passed', 'T2: another line')])]],
  ['absent', { ...attack, absent: 'it is not built' }, []],
  ['failed', { ...attack, absent: 'it is not built' }, [run([recorded('passed')])]],
])('a line is %s by what its tests did', (verdict, line, runs) => {
  expect(judgeAttacks([line], runs)[0]?.verdict).toBe(verdict)
})

test('a line that the sources have a test for, and no record, is not run', () => {
  const titled = [{ file: 'a.test.ts', title: 'T1: refused' }]
  const judged = judgeAttacks([attack], [], titled)

  expect(judged[0]?.verdict).toBe('not run')
  expect(formatAttacks(judged)).toContain('not run a.test.ts: T1: refused')
})

test('one line that is not held fails; a line that does not apply does not', () => {
  const lines = [attack, { ...attack, id: 'T2', absent: 'it is not built' }]

  expect(allHeld(judgeAttacks(lines, [run([recorded('passed')])]))).toBe(true)
  expect(allHeld(judgeAttacks(lines, []))).toBe(false)
})

test('the table shows line, result and tests, for people and for machines', () => {
  const judged = judgeAttacks([attack], [run([recorded('passed')])])

  expect(formatAttacks(judged)).toContain('T1   held     another client: refused')
  expect(formatAttacks(judged)).toContain('passed  a.test.ts: T1: refused')
  expect(formatAttacks(judged)).toContain('1 lines: 1 held')
  expect(attacksData(judged)).toMatchObject([
    { line: 'T1', result: 'held', tests: [{ file: 'a.test.ts', stale: false }] },
  ])
})
