import type { JudgedClaim, JudgedRun, Proof, Verdict } from './proofs.ts'

const WIDTH = 72
/** A sweep has hundreds of tests for one claim: more than these, and a file's are counted. */
const NAMED_PASSES = 5

const MEND: Readonly<Record<Verdict, string>> = {
  proved: '',
  stale: 'passed on a state of the code that has changed since',
  failed: 'a test that proves it fails',
  'not run':
    'no test that proves it ran here: `npm test` or `npm run test:long` does it, with parts such as kcat that HEADGATE_TEST_PARTS declares',
  'no test': 'no test in the linked file names it at the end of its name',
  'not claimed': 'has a link definition, but no sentence ends in it',
}

/** Breaks a text into lines of at most some characters. */
export function wrap(text: string, width: number): string[] {
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
  return `${test.state.padEnd(7)} ${place(test.file, run)}: ${test.name}`
}

function place(file: string, { record, stale }: JudgedRun): string {
  return stale ? `${file} (${record.commit}, ${record.finishedAt.slice(0, 10)})` : file
}

/** Tells each test that did not pass, and those that passed by name where a file has few of them, else by their number. */
export function proofLines(proofs: readonly Proof[]): string[] {
  const groups = new Map<string, Proof[]>()
  for (const proof of proofs) {
    const key = `${proof.test.state} ${place(proof.test.file, proof.run)}`
    groups.set(key, [...(groups.get(key) ?? []), proof])
  }
  return [...groups].flatMap(([, group]) => {
    const [first] = group
    if (first === undefined || first.test.state !== 'passed' || group.length <= NAMED_PASSES)
      return group.map(proofLine)
    return [`${first.test.state.padEnd(7)} ${place(first.test.file, first.run)}: ${group.length} tests`]
  })
}

function rows({ claim, proofs, verdict }: JudgedClaim, idWidth: number): string[] {
  const left = `${claim.id.padEnd(idWidth)}  ${verdict.padEnd(11)}  `
  const indent = ' '.repeat(left.length)
  const mend = MEND[verdict] === '' ? [] : wrap(MEND[verdict], WIDTH)
  const right = [...wrap(claim.text, WIDTH), ...mend, ...proofLines(proofs)]
  return right.map((text, index) => `${index === 0 ? left : indent}${text}`)
}

/** Prints claims, results and proving tests as a table for a terminal. */
export function formatTable(judged: readonly JudgedClaim[]): string {
  const idWidth = Math.max(5, ...judged.map(({ claim }) => claim.id.length))
  const head = [`${'claim'.padEnd(idWidth)}  ${'result'.padEnd(11)}  what it says, and the tests that prove it`]
  return [...head, '', ...judged.flatMap((claim) => [...rows(claim, idWidth), ''])].join('\n')
}
