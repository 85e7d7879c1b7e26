import { describe, expect, it } from 'vitest'
import { parsePolicy } from '../../document/parse-policy.ts'
import { CLUSTER_NAME, Operation, type ResourceType } from '../../operation.ts'
import type { SeenUse } from '../../seen-access.ts'
import { diffPolicies } from '../diff/diff-policies.ts'
import { type DraftOptions, draftRules } from './draft-rules.ts'
import { draftData, draftPolicyText } from './draft-words.ts'
import { mergeNames } from './merge-names.ts'
import { parseSeenUses, type SeenUses } from './seen-access.ts'
import { untoldGrants, unusedGrants } from './unused-grants.ts'
import { describeUnusedGrants } from './unused-words.ts'

const SINCE = Date.parse('2026-11-24T08:00:00Z')
const NOW = Date.parse('2026-11-27T09:00:00Z')

function use(
  subject: string,
  resourceType: ResourceType,
  operation: keyof typeof Operation,
  name: string,
  more: Partial<SeenUse> = {},
): SeenUse {
  const by = { issuer: 'corp', subject, clientId: 'app', partitions: [], ruleIds: [] }
  const when = { firstUnixMs: SINCE + 60_000, lastUnixMs: SINCE + 120_000 }
  return { ...by, ...when, resourceType, operation: Operation[operation], name, ...more }
}

const seen = (accesses: readonly SeenUse[], topics?: readonly string[]): SeenUses => ({
  sinceUnixMs: SINCE,
  accesses,
  ...(topics === undefined ? {} : { topics }),
})

function text(uses: SeenUses, options?: DraftOptions): string {
  return draftPolicyText(draftRules(uses, options), uses, NOW)
}

describe('the draft', () => {
  it('is one rule for each principal, with what Kafka implies left out', () => {
    const drafted = text(
      seen([
        use('billing', 'topic', 'Read', 'orders', { clientId: 'b' }),
        use('billing', 'topic', 'Describe', 'orders'),
        use('billing', 'group', 'Read', 'billing'),
        use('billing', 'group', 'Describe', 'billing'),
        use('billing', 'topic', 'Write', 'invoices'),
        use('billing', 'transactional-id', 'Write', 'billing-tx'),
        use('billing', 'cluster', 'IdempotentWrite', CLUSTER_NAME),
        use('admin', 'topic', 'Create', 'new'),
        use('admin', 'topic', 'Describe', 'new'),
        use('admin', 'cluster', 'Create', CLUSTER_NAME),
        use('admin', 'cluster', 'DescribeConfigs', CLUSTER_NAME),
      ]),
    )
    expect(
      drafted,
    ).toBe(`# Drafted from what was seen from 2026-11-24T08:00Z to 2026-11-27T09:00Z: all that is granted here was used, and
# nothing that was not. What happens less often than that is missing: month ends, failovers, people.
rules:
  # client ids: \`app\`; seen 2026-11-24T08:01Z to 2026-11-24T08:02Z
  - id: seen-corp-admin
    who: { issuers: [corp], subjects: [admin] }
    may:
      describe: [new]
      create: [new]
      cluster: [describe-configs]
  # client ids: \`app\`, \`b\`; seen 2026-11-24T08:01Z to 2026-11-24T08:02Z
  - id: seen-corp-billing
    who: { issuers: [corp], subjects: [billing] }
    may:
      consume: [orders]
      produce: [invoices]
      as: [billing]
      transact-as: [billing-tx]
`)
    expect(parsePolicy({ path: 'draft.yaml', text: drafted }, () => '')).toMatchObject({ ok: true })
  })

  it('keeps an idempotent write where no topic is written', () => {
    expect(text(seen([use('a', 'cluster', 'IdempotentWrite', CLUSTER_NAME)]))).toContain('cluster: [idempotent-write]')
  })

  it('is a sound policy whatever names it is made of', () => {
    const names = [
      'a: b',
      '# c',
      '"',
      "'",
      'true',
      'no',
      '1e3',
      '[x]',
      '{y}',
      '- z',
      '&a',
      '*b',
      '!c',
      '%',
      '@',
      'ü',
      '\n',
      ' d ',
    ]
    const uses = names.flatMap((name) => [use('svc', 'group', 'Read', name), use(name, 'topic', 'Read', 'orders')])
    const drafted = text(seen(uses))
    const parsed = parsePolicy({ path: 'draft.yaml', text: drafted }, () => '')
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    const groups = parsed.document.rules.find(({ who }) => who !== 'everyone' && who.subjects?.[0] === 'svc')
    expect(groups?.scopes[0]?.names.toSorted()).toEqual(
      names.filter((name) => name !== '*b' && name !== '\n').toSorted(),
    )
    expect(drafted).toContain('Seen and left out')
    expect(drafted).not.toContain('\n\n')
  })

  it('never takes a name that was seen for a pattern', () => {
    const draft = draftRules(seen([use('svc', 'group', 'Read', 'a*'), use('svc', 'transactional-id', 'Write', '*')]))
    expect(draft.rules).toEqual([])
    expect(draftData(draft)).toMatchObject({ leftOut: [{ name: 'a*' }, { name: '*' }] })
    expect(text(seen([]))).toContain('rules: []')
  })

  it('tells apart what the same name of two issuers did, and two names that look alike in an id', () => {
    const uses = [
      use('a b', 'topic', 'Read', 'x'),
      use('a-b', 'topic', 'Read', 'y'),
      use('a-b', 'topic', 'Read', 'z', { issuer: 'brokers:main' }),
    ]
    const { rules } = draftRules(seen(uses))
    expect(rules.map(({ id, issuer }) => [id, issuer])).toEqual([
      ['seen-brokers-main-a-b', 'brokers:main'],
      ['seen-corp-a-b', 'corp'],
      ['seen-corp-a-b-2', 'corp'],
    ])
  })

  it('grants nothing else than what was used: the difference to a broad grant is narrowing alone', () => {
    const parse = (yaml: string) => {
      const parsed = parsePolicy({ path: 'p.yaml', text: yaml }, () => '')
      if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
      return parsed.document
    }
    const drafted = parse(text(seen([use('svc', 'topic', 'Read', 'orders'), use('svc', 'group', 'Read', 'svc')])))
    const broad = parse('rules:\n  - { id: all, who: everyone, may: { consume: ["*"], produce: ["*"], as: ["*"] } }\n')
    const changes = diffPolicies(broad, drafted)
    expect(changes.length).toBeGreaterThan(0)
    expect(changes.every(({ isNewAccess }) => !isNewAccess)).toBe(true)
  })
})

describe('patterns', () => {
  const used = ['eu.orders.1', 'eu.orders.2', 'eu.orders.3']
  const merge = (existing: readonly string[] | undefined, siblings = 3): readonly string[] =>
    mergeNames(used, { siblings, existing })

  it('stand for enough siblings, by the longest prefix', () => {
    expect(merge(used)).toEqual(['eu.orders.*'])
    expect(merge([...used, 'eu.other', 'us.orders.1'])).toEqual(['eu.orders.*'])
  })

  it('are not made for too few, where they reach what was not used, or where nobody knows what there is', () => {
    expect(merge(used, 4)).toEqual(used)
    expect(merge([...used, 'eu.orders.4'])).toEqual(used)
    expect(merge(undefined)).toEqual(used)
  })

  it('never stand for internal topics', () => {
    const internal = ['__a.1', '__a.2', '__a.3']
    expect(mergeNames(internal, { siblings: 2, existing: internal })).toEqual(internal)
  })

  it('of groups reach none that somebody else uses', () => {
    const mine = ['g-1', 'g-2', 'g-3'].map((name) => use('svc', 'group', 'Read', name))
    expect(text(seen(mine), { siblings: 3 })).toContain('as: ["g-*"]')
    expect(text(seen([...mine, use('other', 'group', 'Read', 'g-4')]), { siblings: 3 })).toContain(
      'as: [g-1, g-2, g-3]',
    )
  })
})

describe('unused grants', () => {
  const parsed = parsePolicy(
    {
      path: 'policy.yaml',
      text: `topics:
  - { match: [cards], labels: [pii] }
rules:
  - id: used
    who: everyone
    may: { consume: [orders], as: [svc] }
  - id: partly
    who: everyone
    may: { consume: ["a.*", b, "label:pii"], produce: [c], cluster: [create, describe] }
  - id: never
    who: everyone
    may: { produce: [x] }
  - id: audits
    who: everyone
    may: { replay: [orders], cluster: [read-audit] }
  - id: denies
    who: everyone
    never: { consume: [y] }
`,
    },
    () => '',
  )
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const uses = seen([
    use('svc', 'topic', 'Read', 'orders', { ruleIds: ['used'] }),
    use('svc', 'group', 'Read', 'svc', { ruleIds: ['used'] }),
    use('svc', 'topic', 'Read', 'a.1', { ruleIds: ['partly'] }),
    use('svc', 'topic', 'Read', 'cards', { ruleIds: ['partly'] }),
    use('svc', 'topic', 'Describe', 'c', { ruleIds: ['partly'] }),
    use('svc', 'cluster', 'Create', CLUSTER_NAME, { ruleIds: ['partly'] }),
    use('svc', 'topic', 'Write', 'x'),
  ])
  const grants = unusedGrants(parsed.document, uses)

  it('are told by rule, verb and name, and a use by a mode is none', () => {
    expect(grants).toMatchObject([
      {
        ruleId: 'partly',
        isWhole: false,
        unused: [
          { verb: 'consume', names: ['b'] },
          { verb: 'produce', names: ['c'] },
          { verb: 'cluster', names: ['describe'] },
        ],
      },
      { ruleId: 'never', source: { line: 10 }, isWhole: true, unused: [{ verb: 'produce', names: ['x'] }] },
    ])
  })

  it('are told in words with place and age', () => {
    expect(describeUnusedGrants(grants, untoldGrants(parsed.document, uses), uses, NOW)).toBe(
      'policy.yaml:7:5: rule `partly` grants more than is used (last used 3 days ago): consume `b`; produce `c`; cluster `describe`\n' +
        'policy.yaml:10:5: rule `never` is not used (never in 3 days): produce `x`\n' +
        'policy.yaml:13:5: rule `audits`: it cannot be told whether this is used, for nothing that is kept says so: replay `orders`; cluster `read-audit`\n' +
        '2 rules grant what nobody was seen to use in 3 days',
    )
  })
})

describe('rights beside verbs', () => {
  const parsed = parsePolicy(
    {
      path: 'policy.yaml',
      text: `topics:
  - { match: [orders], format: json, mask: [{ fields: "card/number,ssn", with: remove }, { headers: [user], with: remove }] }
  - { match: [payments], approval: { by: [leads], for: 1h } }
  - { match: [refunds], approval: { by: [leads], for: 1h, on: [produce] } }
rules:
  - id: fraud
    who: everyone
    may: { consume: [orders, payments, plain], produce: [refunds], unmask: ["card/number", "header:user"], without-approval: true }
  - id: other
    who: everyone
    may: { consume: [orders] }
`,
    },
    () => '',
  )
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const { document } = parsed
  const by = (operation: 'Read' | 'Write', name: string, ...ruleIds: string[]): SeenUse =>
    use('svc', 'topic', operation, name, { ruleIds: ruleIds.length === 0 ? ['fraud'] : ruleIds })
  const rights = (...uses: SeenUse[]): unknown => {
    const [grant] = unusedGrants(document, seen(uses))
    return grant?.unused.filter(({ verb }) => ['unmask', 'without-approval'].includes(verb))
  }

  it('are unused where nothing was done that they are for', () => {
    const both = [
      { verb: 'unmask', names: ['card/number', 'header:user'] },
      { verb: 'without-approval', names: [] },
    ]
    expect(rights(by('Read', 'plain'))).toEqual(both)
    // What another rule granted, and the direction that needs no approval, are no uses.
    expect(rights(by('Read', 'plain'), by('Read', 'orders', 'other'), by('Read', 'refunds'))).toEqual(both)
    expect(rights(by('Read', 'payments'))).toEqual(both.slice(0, 1))
    expect(rights(by('Write', 'refunds'))).toEqual(both.slice(0, 1))
    // Those of a rule that nobody used at all go with it.
    expect(rights()).toEqual([])
  })

  it('that show fields are not said to be used: it cannot be told', () => {
    const uses = seen([by('Read', 'orders'), by('Read', 'payments'), by('Read', 'plain'), by('Write', 'refunds')])
    expect(unusedGrants(document, uses).map(({ ruleId }) => ruleId)).toEqual(['other'])
    expect(describeUnusedGrants([], untoldGrants(document, uses), uses, NOW).split('\n')[0]).toBe(
      'policy.yaml:6:5: rule `fraud`: it cannot be told whether this is used, for who read `orders` may have been shown it: unmask `card/number`, `header:user`',
    )
    expect(untoldGrants(document, seen([by('Read', 'plain')]))).toEqual([])
  })
})

it('what a list leaves out was not shown by `unmask`, unless another rule showed it', () => {
  const policy = parsePolicy(
    {
      path: 'policy.yaml',
      text: `topics:
  - { match: [orders], format: json, mask: [{ fields: "card,ssn", with: remove }] }
rules:
  - { id: part, who: everyone, may: { consume: [orders], only: [id, ssn], unmask: [card, ssn] } }
  - { id: all, who: everyone, may: { consume: [orders] } }
`,
    },
    () => '',
  )
  if (!policy.ok) throw new Error(JSON.stringify(policy.problems))
  const unusedBy = (...ruleIds: string[]): unknown => {
    const grants = unusedGrants(policy.document, seen([use('svc', 'topic', 'Read', 'orders', { ruleIds })]))
    return grants.find(({ ruleId }) => ruleId === 'part')?.unused
  }
  expect(unusedBy('part')).toEqual([{ verb: 'unmask', names: ['card'] }])
  expect(unusedBy('all', 'part')).toBeUndefined()
})

describe('P9: unused grants are told, and nothing is ever taken away', () => {
  const parse = (text: string) => {
    const parsed = parsePolicy({ path: 'policy.yaml', text }, () => '')
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    return parsed.document
  }
  const policy = parse('rules:\n  - { id: job, who: everyone, may: { consume: [orders] } }\n')
  const words = (uses: SeenUses): string =>
    describeUnusedGrants(unusedGrants(policy, uses), untoldGrants(policy, uses), uses, NOW)

  it('P9: a rule that is newer than what was kept is as old as it is', () => {
    const HOUR_MS = 3_600_000
    expect(words({ ...seen([]), rules: [{ id: 'job', sinceUnixMs: NOW - 2 * HOUR_MS }] })).toContain(
      '(never in 2 hours)',
    )
    expect(words({ ...seen([]), rules: [{ id: 'job', sinceUnixMs: SINCE - HOUR_MS }] })).toContain('(never in 3 days)')
    expect(words({ ...seen([]), rules: [] })).toContain('(not in force there)')
  })

  it('P9: a job that runs once a season is used, and a rule whose name it does not touch tells when it last ran', () => {
    const [orders] = [use('job', 'topic', 'Read', 'orders', { ruleIds: ['job'] })]
    expect(unusedGrants(policy, seen([orders]))).toEqual([])
    const wider = parse('rules:\n  - { id: job, who: everyone, may: { consume: [orders, refunds] } }\n')
    expect(unusedGrants(wider, seen([orders]))).toMatchObject([{ isWhole: false, lastUnixMs: SINCE + 120_000 }])
  })

  it('P9: of a name that several share, each principal has what it used itself', () => {
    const uses = seen([use('a', 'topic', 'Read', 'orders'), use('b', 'topic', 'Write', 'orders')])
    expect(draftRules(uses).rules.map(({ subject, names }) => [subject, [...names.keys()]])).toEqual([
      ['a', ['consume']],
      ['b', ['produce']],
    ])
  })
})

it('what is no answer of a gateway is none', () => {
  expect(parseSeenUses({ sinceUnixMs: 1, accesses: [use('a', 'topic', 'Read', 'b')], modes: {} })).toMatchObject({
    sinceUnixMs: 1,
  })
  for (const answer of [undefined, [], {}, { sinceUnixMs: 1, accesses: [{}] }, { sinceUnixMs: -1, accesses: [] }])
    expect(parseSeenUses(answer)).toBeUndefined()
})
