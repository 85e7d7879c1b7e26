// `npm run claims [-- --no-run]`: each claim of the README, the tests that prove it, and their result.
// `npm run claims -- attacks [--json] [--no-run]`: the same for the list of attacks; `--write` writes its page.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../reporter/fingerprint.ts'
import { attacksData, attacksPage, formatAttacks } from './attacks/attack-table.ts'
import { attackFamilies } from './attacks/attacks.ts'
import { allHeld, judgeAttacks } from './attacks/judge-attacks.ts'
import { titledTests } from './attacks/titles.ts'
import { allStand, type JudgedRun, judgeClaims } from './proofs.ts'
import { parseClaims } from './readme-claims.ts'
import { describeMissingRuns, describeRun, lacksFreshRun, readRuns, runTests } from './runs.ts'
import { formatTable } from './table.ts'

function freshRuns(options: readonly string[]): readonly JudgedRun[] {
  const runs = readRuns()
  if (options.includes('--no-run') || !lacksFreshRun(runs)) return runs
  const isData = options.includes('--json')
  const tell = isData ? console.error : console.log
  tell('no test results for this state of the code: running `npm test` first (`--no-run` shows what there is)')
  runTests(isData)
  return readRuns()
}

function showRuns(runs: readonly JudgedRun[]): void {
  for (const run of runs) console.log(describeRun(run))
  const missing = describeMissingRuns(runs)
  if (missing !== '') console.log(missing)
}

function showClaims(runs: readonly JudgedRun[]): boolean {
  const readme = join(ROOT, 'README.md')
  const claims = existsSync(readme) ? parseClaims(readFileSync(readme, 'utf8')) : []
  const judged = judgeClaims(claims, runs)
  console.log(`\n${formatTable(judged)}`)
  showRuns(runs)
  if (claims.length === 0) console.log('README.md makes no claim')
  return allStand(judged)
}

function showAttacks(runs: readonly JudgedRun[], isData: boolean): boolean {
  const attacks = attackFamilies.flatMap((family) => family.attacks)
  const judged = judgeAttacks(attacks, runs, titledTests())
  if (isData) console.log(JSON.stringify(attacksData(judged), null, 2))
  else {
    console.log(`\n${formatAttacks(judged)}`)
    showRuns(runs)
  }
  return allHeld(judged)
}

function main(options: readonly string[]): number {
  const isAttacks = options.includes('attacks')
  if (isAttacks && options.includes('--write')) {
    writeFileSync(join(ROOT, 'docs/security/attacks.md'), attacksPage(attackFamilies))
    return 0
  }
  const runs = freshRuns(options)
  const stands = isAttacks ? showAttacks(runs, options.includes('--json')) : showClaims(runs)
  return stands && !lacksFreshRun(runs) ? 0 : 1
}

process.exitCode = main(process.argv.slice(2))
