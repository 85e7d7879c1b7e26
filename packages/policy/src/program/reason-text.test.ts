import { expect, test } from 'vitest'
import { CLUSTER_NAME, Operation } from '../operation.ts'
import { decide } from './decide.ts'
import { ada, programOf } from './policy-fixture.ts'
import { createClosedProgram } from './program.ts'
import { type DecidedRequest, reasonText } from './reason-text.ts'

const { Read, Write, IdempotentWrite, ClusterAction, ReadAudit, Replay } = Operation

const program = programOf(`rules:
  - { id: some, who: everyone, may: { consume: [orders], produce: [eu], partitions: [0] } }
  - { id: other, who: everyone, may: { consume: [orders], partitions: [1] } }
  - { id: closed, who: everyone, never: { produce: [audit] } }`)

const textOf = (request: DecidedRequest, of = program): string =>
  reasonText(decide(of, request.resourceType, request.operation, request.name, request.partition), request)

test.each<[DecidedRequest, string]>([
  [
    { resourceType: 'topic', operation: Read, name: 'orders', partition: 0 },
    'rule `some` lets this principal consume partition 0 of topic `orders`',
  ],
  [
    { resourceType: 'topic', operation: Write, name: 'audit' },
    'rule `closed` forbids this principal to produce to topic `audit`: leave the principal or the name out of its `never`',
  ],
  [
    { resourceType: 'topic', operation: Write, name: 'eu', partition: 4 },
    'rule `some` lets this principal produce to other partitions of topic `eu` only: add 4 to its `partitions`',
  ],
  [
    { resourceType: 'topic', operation: Read, name: 'orders' },
    'rules `other`, `some` let this principal consume other partitions of topic `orders` only: ask for single partitions, or lift their `partitions`',
  ],
  [
    { resourceType: 'group', operation: Read, name: 'ü 1' },
    'no rule lets this principal join consumer group `ü 1`: add a rule with `may: { as: ["ü 1"] }`',
  ],
  [
    { resourceType: 'topic', operation: Read, name: '__x' },
    'no rule lets this principal consume topic `__x`, and no pattern grants an internal topic: add a rule with `may: { consume: ["__x"] }`',
  ],
  [
    { resourceType: 'topic', operation: Write, name: 'pay`\u202Ements' },
    'no rule lets this principal produce to topic `pay\\u{60}\\u{202e}ments`: no topic can have this name',
  ],
  [
    { resourceType: 'cluster', operation: IdempotentWrite, name: CLUSTER_NAME },
    'no rule lets this principal do idempotent writes on the cluster: add a rule with `may: { cluster: [idempotent-write] }`',
  ],
  [
    { resourceType: 'cluster', operation: ClusterAction, name: CLUSTER_NAME },
    'no rule lets this principal do ClusterAction on the cluster: no rule can',
  ],
  [
    { resourceType: 'cluster', operation: ReadAudit, name: CLUSTER_NAME },
    'no rule lets this principal read the audit trail of the cluster: add a rule with `may: { cluster: [read-audit] }`',
  ],
  [
    { resourceType: 'topic', operation: Replay, name: 'orders' },
    'no rule lets this principal replay topic `orders`: add a rule with `may: { replay: [orders] }`',
  ],
])('%j: %s', (request, text) => {
  expect(textOf(request)).toBe(text)
})

test('a hold names its protections and who may approve', () => {
  const held = programOf(`
    topics:
      - { match: [payments], id: two, approval: { by: [leads, risk], people: 2, for: 1h } }
      - { match: ["*"], approval: { by: [data], for: 1h } }
    rules: [{ id: r, who: everyone, may: { consume: [payments] } }]`)
  expect(textOf({ resourceType: 'topic', operation: Read, name: 'payments' }, held)).toBe(
    'protection `*` wants an approval by someone of `data` and protection `two` wants an approval by 2 people of `leads`, `risk` before this principal may consume topic `payments`: ask for it, or wait for it',
  )
})

test('unknown groups, a missing and an expired policy are told apart', () => {
  const request = { resourceType: 'topic', operation: Read, name: 'orders' } as const
  const ghost = { ...ada, groups: undefined }
  const denied = programOf('rules: [{ id: r, who: { groups: [g] }, never: { consume: [orders] } }]', ghost)
  const missing = programOf('rules: [{ id: r, who: { groups: [g] }, may: { consume: [orders] } }]', ghost)
  const texts = [denied, missing, createClosedProgram('no-bundle'), createClosedProgram('bundle-expired')].map((each) =>
    textOf(request, each),
  )
  expect(texts).toEqual([
    'rule `r` forbids this principal to consume topic `orders`, for its groups are unknown: let its issuer state them',
    'no rule is known to let this principal consume topic `orders`, for its groups are unknown: let its issuer state them',
    'nobody may consume topic `orders` before there is a verified policy: wait until the gateway has given one',
    'nobody may consume topic `orders` after the policy has expired: see whether the gateway can be reached',
  ])
})
