import { expect, test } from 'vitest'
import { markedBy, noParts, parse, problemsOf } from './parse-fixture.ts'
import { MAX_SOURCE_LENGTH } from './yaml-source.ts'

const rule = (access: string): string => `rules: [{ id: r, who: everyone, ${access} }]`

test('a policy of every word there is gives a document', () => {
  const result = parse(`
topics:
  - { match: [orders, "orders.*"], labels: [pii], discoverable: true }
rules:
  - id: grant
    description: for example
    who: { issuers: [corp], subjects: [s], groups: [g], not: { issuers: [x], subjects: [y], groups: [z] } }
    may:
      consume: [orders, "*", "label:pii"]
      produce: [a]
      describe: [a]
      create: [a]
      delete: [a]
      alter: [a]
      describe-configs: [a]
      alter-configs: [a]
      replay: [a]
      as: ["any thing ü", "g-*"]
      describe-groups: [a]
      delete-groups: [a]
      transact-as: [a]
      describe-transactions: [a]
      cluster: [describe, alter, create, describe-configs, alter-configs, idempotent-write, read-audit]
      partitions: [0, 3-5]
  - { id: denial, who: everyone, never: { produce: [b] } }
`)
  expect(result).toMatchObject({ ok: true, digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) })
  if (!result.ok) return
  expect(JSON.parse(JSON.stringify(result.document))).toEqual(result.document)
  expect(result.document.rules.map(({ id, effect, source }) => [id, effect, source.line])).toEqual([
    ['grant', 'allow', 5],
    ['denial', 'deny', 25],
  ])
  expect(result.document.rules[0]?.scopes[0]).toEqual({
    resourceType: 'topic',
    operation: 3,
    names: ['*', 'label:pii', 'orders'],
    partitions: [
      [0, 0],
      [3, 5],
    ],
  })
})

test('every problem of every file comes at once, in the order of the text [policy-problems-at-once]', () => {
  const files: Record<string, string> = {
    'payments.yaml': 'topics: [{ match: [pay ments] }]\nparts: [more.yaml]\n',
    'broken.yaml': 'rules: [\n',
  }
  const problems = problemsOf(
    `parts: [payments.yaml, missing.yaml, broken.yaml]
topics:
  - { match: orders, rows: [] }
rules:
  - id: a
    who: { group: [analytics] }
    may: { consum: [orders], produce: [2024] }
  - id: a
    never: {}
`,
    (path) => files[path] ?? noParts(),
  )
  expect(problems.map(({ path, line, column, code }) => `${path}:${line}:${column} ${code}`)).toEqual([
    'conf/policy.yaml:1:24 ERR_POLICY_PART',
    'conf/policy.yaml:3:14 ERR_POLICY_WRONG_TYPE',
    'conf/policy.yaml:3:22 ERR_POLICY_UNSUPPORTED_KEY',
    'conf/policy.yaml:6:12 ERR_POLICY_UNKNOWN_KEY',
    'conf/policy.yaml:7:12 ERR_POLICY_UNKNOWN_KEY',
    'conf/policy.yaml:7:40 ERR_POLICY_WRONG_TYPE',
    'conf/policy.yaml:8:5 ERR_POLICY_MISSING_KEY',
    'conf/policy.yaml:8:9 ERR_POLICY_DUPLICATE_RULE',
    'conf/policy.yaml:9:12 ERR_POLICY_EMPTY',
    'conf/payments.yaml:1:20 ERR_POLICY_NAME',
    'conf/payments.yaml:2:1 ERR_POLICY_UNKNOWN_KEY',
    'conf/broken.yaml:2:1 ERR_POLICY_YAML_SYNTAX',
  ])
  for (const { message, mend } of problems) {
    expect(message).toMatch(/^[^A-Z].*[^.]$/s)
    expect(mend).not.toBe('')
  }
})

test.each([
  ['rules: []\n^rules: []', ['DUPLICATE_KEY']],
  ['rules:\n  - &a ^{ id: a, who: everyone, may: { as: [x] } }\n  - ^*a', ['YAML_ALIAS', 'YAML_ALIAS']],
  ['rules: !!js/function ^[]', ['YAML_TAG']],
  ['rules: !!seq ^[]', ['YAML_TAG']],
  ['^%YAML 1.1\n---\nrules: []', ['YAML_TAG']],
  ['^%TAG ! tag:x,2000:\n---\nrules: []', ['YAML_TAG']],
  ['rules: []\n^__proto__: {}', ['UNKNOWN_KEY']],
  ['rules: []\n^constructor: {}', ['UNKNOWN_KEY']],
  ['^\uFEFFrules: []', ['CHARACTER']],
  ['rules: [] # ^\u202Eevil', ['CHARACTER']],
  ['rules: []\n# ^\uD800', ['CHARACTER']],
  ['rules: []\n^---\nrules: []', ['YAML_SYNTAX']],
  ['rules: []\n^<<: {}', ['UNKNOWN_KEY']],
  [`rules: [{ id: r, who: everyone, may: { consume: [^012, ^1.10, no, "2024"] } }]`, ['WRONG_TYPE', 'WRONG_TYPE']],
])('P10: what hides in YAML is a problem with its place: %j', (text, codes) => {
  expect(markedBy(text)).toEqual(codes)
})

test('P10: keys are text', () => {
  expect(markedBy('rules: []\n? ^[a]\n: 1')).toEqual(['YAML_KEY'])
  expect(markedBy('rules: []\n^^1: 1')).toEqual(['YAML_KEY', 'UNKNOWN_KEY'])
  expect(markedBy('rules: []\n^^: 1')).toEqual(['YAML_KEY', 'UNKNOWN_KEY'])
})

test.each(['\\u202E', '\\u200B', '\\u00AD', '\\0', '\\uFEFF', '\\uD800', '\\n', '\\u2066'])(
  'P10: the escape %s hides nothing in a name',
  (sequence) => {
    expect(markedBy(`rules: [{ id: r, who: everyone, may: { as: [^"g${sequence}"] } }]`)).toEqual(['NAME'])
    expect(markedBy(`rules: [{ id: r, who: { groups: [^"${sequence}a"] }, may: { as: [x] } }]`)).toEqual(['NAME'])
  },
)

test('P10: a file beyond the size cap is not read, one nested beyond sense is refused', () => {
  expect(markedBy(`^rules: [] #${' '.repeat(MAX_SOURCE_LENGTH)}`)).toEqual(['TOO_LARGE'])
  expect(problemsOf('['.repeat(100_000)).length).toBeGreaterThan(0)
  expect(problemsOf(`rules: ${'['.repeat(20_000)}${']'.repeat(20_000)}`).length).toBeGreaterThan(0)
})

test('an empty file is no policy; no rules at all has to be written', () => {
  expect(markedBy('^')).toEqual(['WRONG_TYPE'])
  expect(markedBy('^topics: []')).toEqual(['MISSING_KEY'])
  expect(markedBy('^[]')).toEqual(['WRONG_TYPE'])
  expect(problemsOf('# nothing')).toMatchObject([{ code: 'ERR_POLICY_WRONG_TYPE' }])
  expect(parse('rules: []')).toMatchObject({ ok: true, document: { rules: [], topics: [], owners: [] } })
})

test.each([
  ['may: { consume: [^"a b"] }', 'NAME'],
  ['may: { consume: [^".."] }', 'NAME'],
  [`may: { consume: [^${'a'.repeat(250)}] }`, 'NAME'],
  ['may: { consume: [^"a**"] }', 'PATTERN'],
  ['may: { consume: [^""] }', 'NAME'],
  ['may: { consume: [^"label:"] }', 'NAME'],
  ['may: { consume: [^"label:pii"] }', 'UNKNOWN_LABEL'],
  ['never: { consume: [^"label:pii"] }', 'UNKNOWN_LABEL'],
  ['may: { consume: [^"__*"] }', 'INTERNAL_TOPIC'],
  ['may: { consume: ^[] }', 'EMPTY'],
  ['may: ^{ }', 'EMPTY'],
  ['may: { as: [g], partitions: ^[0] }', 'PARTITIONS'],
  ['may: { consume: [a], partitions: [^5-3] }', 'PARTITIONS'],
  ['may: { consume: [a], partitions: [^-1] }', 'PARTITIONS'],
  ['may: { consume: [a], partitions: [^1.5] }', 'PARTITIONS'],
  ['may: { consume: [a], partitions: [^"*"] }', 'PARTITIONS'],
  ['may: { consume: [a], partitions: [^0-2147483648] }', 'PARTITIONS'],
  ['may: { consume: [a], partitions: [^{}] }', 'WRONG_TYPE'],
  ['may: { cluster: [^cluster-action] }', 'UNKNOWN_VALUE'],
  ['may: { consume: [a], ^rows: [a] }', 'UNSUPPORTED_KEY'],
  ['^rows: 2027, may: { consume: [a] }', 'UNSUPPORTED_KEY'],
  ['^approval: {}, may: { consume: [a] }', 'UNKNOWN_KEY'],
  ['may: { as: [g], unmask: ^[a] }', 'UNMASK'],
  ['may: { produce: [a], unmask: ^[a] }', 'UNMASK'],
  ['may: { as: [g], only: ^[a] }', 'ONLY'],
  ['may: { produce: [a], only: ^[a] }', 'ONLY'],
  ['may: { consume: [a], only: ^[] }', 'EMPTY'],
  ['may: { consume: [a], only: ^a }', 'WRONG_TYPE'],
  ['may: { consume: [a], only: ["^anywhere:a", "\\\\detect:a", "^detect:email", "^header:"] }', 'ONLY', 'ONLY', 'NAME'],
  ['may: { replay: [a], only: ["a(b^.c)", "a,^a/b", key] }', 'SELECTOR', 'SELECTOR'],
  ['never: { consume: [a], ^only: [a] }', 'UNKNOWN_KEY'],
  ['may: { as: [g], without-approval: ^true }', 'APPROVAL'],
  ['may: { produce: [a], without-approval: ^1 }', 'WRONG_TYPE'],
  ['never: { consume: [a], ^unmask: [a], ^without-approval: true }', 'UNKNOWN_KEY', 'UNKNOWN_KEY'],
])('%s: %s', (access, ...codes) => {
  expect(markedBy(rule(access))).toEqual(codes)
})

test('a rule either grants or denies', () => {
  expect(markedBy('rules: [^{ id: r, who: everyone, may: { as: [g] }, never: { as: [g] } }]')).toEqual(['EFFECT'])
  expect(markedBy('rules: [^{ id: r, who: everyone }]')).toEqual(['EFFECT'])
})

test('a denial may reach internal topics by pattern', () => {
  expect(markedBy(rule('never: { consume: ["__*"] }'))).toEqual([])
})

test.each([
  ['{ groups: [^"team-*"] }', 'PATTERN'],
  ['{ groups: ^[] }', 'EMPTY'],
  ['^{}', 'EMPTY'],
  ['{ not: ^{} }', 'EMPTY'],
  ['^everybody', 'WRONG_TYPE'],
  ['^[everyone]', 'WRONG_TYPE'],
  ['{ claims: { x: ^y } }', 'WRONG_TYPE'],
  ['{ claims: { x: ^[] } }', 'EMPTY'],
  ['{ claims: ^{} }', 'EMPTY'],
  ['{ claims: { x: [^"a*"] } }', 'PATTERN'],
  ['{ kinds: [^person] }', 'UNKNOWN_VALUE'],
  ['{ groups: [a], not: { groups: [b], ^not: { groups: [a] } } }', 'UNKNOWN_KEY'],
])('who takes exact names, and nothing that matches nobody unseen: %s', (who, code) => {
  expect(markedBy(`rules: [{ id: r, who: ${who}, never: { consume: [a] } }]`)).toEqual([code])
})

test('the rule that has an id already is told by its line, and by its file where that is another', () => {
  const rule = '{ id: a, who: everyone, may: { consume: [a] } }'
  expect(problemsOf(`rules:\n  - ${rule}\n  - ${rule}`)).toMatchObject([
    { line: 3, message: '`a` is the id of another rule too (line 2)' },
  ])
  const [inPart] = problemsOf(`parts: [b.yaml]\nrules: [${rule}]`, () => `rules: [${rule}]`)
  expect(inPart).toMatchObject({ message: expect.stringMatching(/too \(\S+\.yaml:\d\)$/) })
})

test('claims that are a list are told the form that they have', () => {
  const [problem] = problemsOf('rules: [{ id: r, who: { claims: [department] }, may: { consume: [a] } }]')
  expect(problem).toMatchObject({
    code: 'ERR_POLICY_WRONG_TYPE',
    mend: 'write a mapping of lists, such as `{ department: [risk] }`',
  })
})

test('a part that is missing, listed twice or outside refuses the whole policy', () => {
  const codes = (parts: string, text = 'rules: []'): string[] =>
    problemsOf(`parts: ${parts}\nrules: []`, () => text).map(({ code }) => code)
  expect(codes('[a.yaml, b/c.yaml]')).toEqual([])
  expect(codes('[a.yaml, a.yaml]')).toEqual(['ERR_POLICY_PART'])
  for (const path of ['../a.yaml', '/a.yaml', 'a/../../b.yaml', './a.yaml', 'a//b', '"a\\\\b"', '""', '".."']) {
    expect(codes(`[${path}]`)).toEqual(['ERR_POLICY_PART'])
  }
  expect(codes('[a.yaml]', 'parts: [b.yaml]')).toEqual(['ERR_POLICY_UNKNOWN_KEY'])
  expect(problemsOf('parts: [gone.yaml]\nrules: []')).toMatchObject([{ code: 'ERR_POLICY_PART', line: 1, column: 9 }])
})

test('labels of one part are known in another, and none is called unknown while a part is missing', () => {
  const access = 'rules: [{ id: r, who: everyone, may: { consume: ["label:pii"] } }]'
  expect(problemsOf(`parts: [a.yaml]\n${access}`, () => 'topics: [{ match: [a], labels: [pii] }]')).toEqual([])
  expect(problemsOf(`parts: [a.yaml]\n${access}`).map(({ code }) => code)).toEqual(['ERR_POLICY_PART'])
})

test('the digest is of the meaning: neither order nor place nor description changes it', () => {
  const a = '{ id: a, who: { groups: [x, y] }, may: { consume: [p, q], partitions: [0, 1] } }'
  const b = '{ id: b, who: everyone, never: { as: [g] } }'
  const variants = [
    `rules: [${a}, ${b}]`,
    `rules:\n  - ${b}\n\n  - ${a}`,
    `rules: [${b.replace('id: b', 'id: b, description: x')}, ${a.replace('[x, y]', '[y, x, x]').replace('0, 1', '0-1')}]`,
  ]
  const digests = variants.map((text) => {
    const result = parse(text)
    return result.ok ? result.digest : result.problems
  })
  expect(new Set(digests).size).toBe(1)
  expect(parse(variants[0]?.replace('never', 'may') ?? '')).not.toMatchObject({ digest: digests[0] })
})
