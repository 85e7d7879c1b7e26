import { expect, test } from 'vitest'
import { parsePolicy } from '../../document/parse-policy.ts'
import { sarifOf } from '../sarif.ts'
import { lintPolicy } from './lint-policy.ts'

/** Where findings are, by their lines, and which. */
function lint(text: string): string[] {
  const result = parsePolicy({ path: 'policy.yaml', text }, () => '')
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return lintPolicy(result.document).map(({ line, code }) => `${line} ${code}`)
}

const team = '  - { id: team, who: { groups: [team] }, may: { consume: [orders], as: ["team-*"] } }\n'

test('a policy without a question has no finding', () => {
  expect(lint(`rules:\n${team}`)).toEqual([])
})

test.each([
  ['not leaves out all', '{ groups: [a], not: { groups: [a, b] } }', 'may: { describe: [x] }', 'impossible-condition'],
  [
    'a denial that nobody meets',
    '{ subjects: [a], not: { subjects: [a] } }',
    'never: { produce: [x] }',
    'impossible-condition',
  ],
  ['the same again', '{ groups: [team] }', 'may: { consume: [orders], as: [team-1] }', 'shadowed-rule'],
  ['less again', '{ groups: [team], subjects: [ada] }', 'may: { describe: [orders] }', 'shadowed-rule'],
  ['for everybody', 'everyone', 'may: { produce: ["*"] }', 'wide-grant'],
  ['no consumer group', '{ groups: [other] }', 'may: { consume: [lists] }', 'consume-without-group'],
  ['nothing to consume', '{ groups: [other] }', 'may: { as: [other] }', 'group-without-consume'],
  ['nothing to produce', '{ groups: [other] }', 'may: { transact-as: [other] }', 'transact-without-produce'],
  ['no trail', '{ groups: [other] }', 'may: { replay: [orders] }', 'replay-without-read-audit'],
  ['partitions', '{ groups: [other] }', 'may: { consume: [p], partitions: [0], as: [p] }', 'partitions-with-group'],
  ['two scripts', '{ groups: ["te\u0430m"] }', 'may: { describe: [x] }', 'confusable-name'],
  ['case alone', '{ groups: [Team] }', 'may: { describe: [x] }', 'confusable-name'],
  ['others in the group', '{ groups: [other] }', 'may: { consume: [lists], as: [team-1] }', 'uneven-consumer-group'],
])('%s', (_name, who, does, code) => {
  expect(lint(`rules:\n${team}  - { id: x, who: ${who}, ${does} }\n`)).toContain(`3 ${code}`)
})

test('a grant that denials take away', () => {
  const never = '  - { id: n, who: everyone, never: { produce: ["logs.*"] } }\n'
  expect(lint(`rules:\n${never}  - { id: x, who: { groups: [a] }, may: { produce: [logs.a] } }\n`)).toEqual([
    '3 unreachable-rule',
  ])
})

test('a denial of what nobody is granted yet is a guard; one that another denial says is not', () => {
  const guard = '  - { id: g, who: everyone, never: { produce: [audit, "__*"] } }\n'
  expect(lint(`rules:\n${team}${guard}`)).toEqual([])
  const again = '  - { id: h, who: { groups: [a] }, never: { produce: [audit] } }\n'
  expect(lint(`rules:\n${team}${guard}${again}`)).toEqual(['4 shadowed-rule'])
})

test('of two rules that say the same one is told', () => {
  expect(lint(`rules:\n${team}${team.replace('id: team', 'id: again')}`)).toEqual(['3 shadowed-rule'])
})

test('rights that can be combined at will are no finding, and no failure', () => {
  const fields = Array.from({ length: 18 }, (_, n) => `f${n}`)
  const topic = `topics:\n  - { match: [orders], format: json, mask: [{ fields: "${fields.join()}", with: remove }] }\n`
  const rights = fields.map(
    (field) =>
      `  - { id: ${field}, who: { groups: [g-${field}] }, may: { consume: [orders], as: [g-${field}], unmask: [${field}] } }\n`,
  )
  expect(lint(`${topic}rules:\n${rights.join('')}`)).toEqual([])
})

test('a rule that only unmasks or needs no approval is not shadowed', () => {
  const policy = `topics:
  - { match: [orders], mask: [{ headers: [h], with: remove }], approval: { by: [leads], for: 1h } }
rules:
${team}  - { id: u, who: { groups: [team], subjects: [ada] }, may: { consume: [orders], unmask: ["header:h"] } }
  - { id: w, who: { groups: [team], subjects: [bob] }, may: { consume: [orders], without-approval: true } }
`
  expect(lint(policy).filter((each) => each.includes('shadowed'))).toEqual([])
})

test('unqualified names, once two issuers are named', () => {
  const other = '  - { id: o, who: { issuers: [corp], groups: [x] }, may: { describe: [a] } }\n'
  expect(lint(`rules:\n${team}${other}`)).toEqual([])
  const two = other.replace('corp', 'partner, corp')
  expect(lint(`rules:\n${team}${two}`)).toEqual(['2 unqualified-name'])
  const people = (issuers: string): string =>
    `topics:\n  - { match: [a], approval: { by: [leads], for: 1h${issuers} } }\nowners:\n  - { of: { issuers: [corp], subjects: [x] }, people: [y]${issuers} }\n`
  expect(lint(`${people('')}rules:\n${two}`).filter((each) => each.includes('unqualified'))).toHaveLength(2)
  expect(lint(`${people(', issuers: [corp]')}rules:\n${two}`).filter((each) => each.includes('unqualified'))).toEqual(
    [],
  )
})

test('approvers of another issuer are other people than the requesters', () => {
  const policy = (issuers: string): string =>
    `topics:\n  - { match: [a], approval: { by: [leads], issuers: ${issuers}, for: 1h } }\nrules:\n  - { id: r, who: { issuers: [corp], groups: [leads] }, may: { consume: [a], as: [g] } }\n`
  const circular = (issuers: string): string[] =>
    lint(policy(issuers)).filter((each) => each.includes('approvers-are-requesters'))
  expect(circular('[corp]')).toHaveLength(1)
  expect(circular('[corp, partner]')).toHaveLength(1)
  expect(circular('[partner]')).toEqual([])
})

test('protections that nobody meets, that are at odds, or that requesters lift for each other', () => {
  const policy = `topics:
  - { match: [lost], mask: [{ headers: [h], with: remove }] }
  - { match: [orders], mask: [{ key: true, with: remove }, { headers: [h], with: remove, on: [produce] }] }
  - { match: [orders], format: json, mask: [{ fields: a, with: remove }] }
  - { match: ["ord*"], format: text }
  - { id: p, match: [orders], approval: { by: [team, leads], for: 1h } }
  - { id: q, match: [orders], approval: { by: [leads], for: 1h } }
rules:
${team}`
  expect(lint(policy)).toEqual([
    '2 unreached-protection',
    '3 unreached-protection',
    '4 format-conflict',
    '6 approvers-are-requesters',
  ])
})

test('groups that are none of those that there are, also those who approve', () => {
  const text = `topics:
  - { match: [orders], approval: { by: [team-leads], for: 1h } }
rules:
${team}  - { id: x, who: { groups: [taem], not: { groups: [interns] } }, may: { describe: [x] } }
`
  const result = parsePolicy({ path: 'policy.yaml', text }, () => '')
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  const told = lintPolicy(result.document, undefined, new Set(['team', 'interns']))
  expect(told.map(({ line, code }) => `${line} ${code}`)).toEqual(['2 unknown-group', '5 unknown-group'])
  expect(lintPolicy(result.document)).toEqual([])
})

test('SARIF names file, line and column', () => {
  const problem = { path: 'a b/policy.yaml', line: 3, column: 5, code: 'wide-grant', message: 'm', mend: 'n' }
  expect(sarifOf([problem], 'warning', { 'wide-grant': 'w' })).toMatchObject({
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { rules: [{ id: 'wide-grant', shortDescription: { text: 'w' } }] } },
        results: [
          {
            ruleId: 'wide-grant',
            level: 'warning',
            locations: [
              {
                physicalLocation: {
                  artifactLocation: { uri: 'a%20b/policy.yaml' },
                  region: { startLine: 3, startColumn: 5 },
                },
              },
            ],
          },
        ],
      },
    ],
  })
})
