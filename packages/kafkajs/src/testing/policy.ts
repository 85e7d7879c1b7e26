import { compileProgram, parsePolicy, residualFor } from '@headgate/policy'
import type { ActivePolicy } from '../access/gate.ts'

/** The policy of `orders` of issuer `corp` under these rules, as YAML. */
export function policyOf(yaml: string, revision = 1): ActivePolicy {
  const parsed = parsePolicy({ path: 'policy.yaml', text: yaml }, () => '')
  if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join('\n'))
  const principal = { issuer: 'corp', subject: 'orders', groups: [] }
  return { program: compileProgram(residualFor(parsed.document, principal)), revision }
}

/** Rules that let `orders` write and read `orders`, write partition 1 of `shards`, and run transactions. */
export const ordersPolicy = `
topics:
  - match: [catalog]
    discoverable: true
rules:
  - id: orders-does-orders
    who: { subjects: [orders] }
    may: { produce: [orders], consume: [orders, "orders.*"], as: ["orders-*"], transact-as: [orders-tx] }
  - id: orders-writes-a-shard
    who: { subjects: [orders] }
    may: { produce: [shards], partitions: [1] }
  - id: nobody-writes-audit
    who: everyone
    never: { produce: [audit-log] }
`
