import type { JudgedClaim, Proof, Verdict } from './proofs.ts'

const WIDTH = 72

const MEND: Readonly<Record<Verdict, string>> = {
  proved: '',
  stale: 'passed on a state of the code that has changed since',
  failed: 'a test that proves it fails',
  'not run': 'no test that proves it ran: see the notes on the tests',
  'no test': 'no test in the linked file names it at the end of its name',
  'not claimed': 'has a link definition, but no sentence ends in it',
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length >= width) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

function proofLine({ test, run }: Proof): string {
  const { commit, finishedAt } = run.record
  const when = run.stale ? ` (${commit}, ${finishedAt.slice(0, 10)})` : ''
  return `${test.state.padEnd(7)} ${test.file}${when}: ${test.name}`
}

function rows({ claim, proofs, verdict }: JudgedClaim, idWidth: number): string[] {
  const left = `${claim.id.padEnd(idWidth)}  ${verdict.padEnd(11)}  `
  const indent = ' '.repeat(left.length)
  const mend = MEND[verdict] === '' ? [] : [MEND[verdict]]
  const right = [...wrap(claim.text, WIDTH), ...mend, ...proofs.map(proofLine)]
  return right.map((text, index) => `${index === 0 ? left : indent}${text}`)
}

/** Prints claims, results and proving tests as a table for a terminal. */
export function formatTable(judged: readonly JudgedClaim[]): string {
  const idWidth = Math.max(5, ...judged.map(({ claim }) => claim.id.length))
  const head = [`${'claim'.padEnd(idWidth)}  ${'result'.padEnd(11)}  what it says, and the tests that prove it`]
  return [...head, '', ...judged.flatMap((claim) => [...rows(claim, idWidth), ''])].join('\n')
}
