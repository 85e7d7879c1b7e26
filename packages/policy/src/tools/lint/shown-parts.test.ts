import { expect, test } from 'vitest'
import { parsePolicy } from '../../document/parse-policy.ts'
import type { LintFinding } from './finding.ts'
import { lintPolicy } from './lint-policy.ts'

const CODES = ['part-of-no-json', 'idle-only', 'part-not-shown', 'shadowed-rule']

function findings(text: string): readonly LintFinding[] {
  const result = parsePolicy({ path: 'policy.yaml', text }, () => '')
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return lintPolicy(result.document, Date.parse('2026-11-24T12:00:00Z')).filter(({ code }) => CODES.includes(code))
}

const lint = (text: string): string[] => findings(text).map(({ line, code }) => `${line} ${code}`)

const orders = 'topics:\n  - { match: [orders], format: json }\nrules:\n'
const rule = (who: string, may: string, more = ''): string =>
  `  - { id: r-${who.replace(/\W/g, '')}${may.length}, who: ${who},${more} may: { ${may} } }\n`
const team = '{ groups: [team] }'
const part = rule(team, 'consume: [orders], as: ["team-*"], only: [id, total]')

test('a part of json is no question, and neither is more for others, for some, at times, or of something else', () => {
  expect(lint(orders + part)).toEqual([])
  const others = [
    rule('{ groups: [fraud] }', 'consume: [orders], as: ["fraud-*"]'),
    rule('{ groups: [team], subjects: [ada] }', 'consume: [orders]'),
    rule(team, 'consume: [orders]', ' when: { until: "2027-06-01T00:00:00Z" },'),
    rule(team, 'consume: [orders], partitions: [0]'),
    rule(team, 'consume: [orders], only: [name]'),
  ]
  for (const other of others) expect(lint(orders + part + other)).toEqual([])
})

test('a part of what is not declared to be json is told, with a topic', () => {
  const wide = part.replace('[orders]', '["orders*"]')
  expect(lint(orders + wide)).toEqual(['4 part-of-no-json'])
  expect(findings(orders + wide)[0]?.message).toMatch(/shows a part of `orders[^`]+`, which is not declared/)
  expect(lint(`rules:\n${part}`)).toEqual(['2 part-of-no-json'])
  expect(lint(orders.replace('json', 'text') + part)).toEqual(['4 part-of-no-json'])
  expect(lint(orders.replace('[orders]', '["*"]') + wide)).toEqual([])
  expect(lint(`rules:\n${rule(team, 'replay: [orders], only: [a]')}`)).toEqual(['2 part-of-no-json'])
})

test('a list that everybody whom it concerns is shown more than is idle', () => {
  const idle = [
    rule('everyone', 'consume: [orders]'),
    rule('{ groups: [team, fraud] }', 'consume: ["ord*"]'),
    rule(team, 'consume: [orders], only: ["*"]'),
  ]
  const json = orders.replace('[orders]', '["*"]')
  for (const other of idle) expect(lint(json + part + other)).toEqual(['4 idle-only'])
  const replays = rule(team, 'replay: [orders], describe-configs: [orders], only: [id]')
  expect(lint(json + replays + rule('everyone', 'replay: ["*"]'))).toEqual(['4 idle-only'])
  // One that changes nothing besides is told as that alone.
  const bare = rule(team, 'consume: [orders], only: [id]')
  expect(lint(json + bare + rule('everyone', 'consume: [orders]'))).toEqual(['4 shadowed-rule'])
})

test('what `only` leaves out needs no right to see it, and no mask', () => {
  const masks =
    'mask: [{ fields: "ssn,total/net", with: remove }, { headers: [h], with: remove }, { anywhere: [pin], with: remove }]'
  const topic = orders.replace('format: json', `format: json, ${masks}`)
  const found = findings(topic + part.replace('total]', 'total], unmask: [ssn, "total/net", "header:h"]'))
  expect(found.map(({ line, code }) => `${line} ${code}`)).toEqual(['2 part-not-shown', '4 part-not-shown'])
  expect(found[0]?.message).toContain('masks `header:h`, `ssn`, which no rule shows')
  expect(found[1]?.message).toContain('unmasks `ssn`, `header:h`, which is shown to nobody')
  const full = rule(team, 'consume: [orders], partitions: [0]')
  expect(lint(topic + part + full)).toEqual([])
})
