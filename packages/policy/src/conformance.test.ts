import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Operation, type ResourceType } from './operation.ts'
import type { Principal } from './principal.ts'
import { ALL_PARTITIONS, decide } from './program/decide.ts'
import type { Obligations } from './program/decision.ts'
import { programOf } from './program/policy-fixture.ts'

interface Row {
  readonly description: string
  readonly policy: unknown
  readonly principal: { readonly issuer: string; readonly subject: string; readonly groups?: readonly string[] }
  readonly requests: readonly {
    readonly resourceType: ResourceType
    readonly operation: keyof typeof Operation
    readonly name: string
    readonly partition?: number
    readonly want: {
      readonly effect: string
      readonly reason: string
      readonly ruleIds: readonly string[]
      /** Without digests; absent = none. */
      readonly obligations?: unknown
    }
  }[]
}

function withoutDigest(obligations: Obligations | undefined): unknown {
  if (obligations?.mask === undefined) return obligations
  const { digest: _digest, ...mask } = obligations.mask
  return { ...obligations, mask }
}

const folder = new URL('../../../test/conformance/policy/', import.meta.url)
const rows = readdirSync(folder).map((file): [string, Row] => [
  file.replace('.json', ''),
  JSON.parse(readFileSync(new URL(file, folder), 'utf8')),
])

test.each(rows)('conformance: %s', (_name, { policy, principal, requests }) => {
  const who: Principal = { ...principal, groups: principal.groups }
  const program = programOf(JSON.stringify(policy), who)
  const decided = requests.map(({ want: _want, ...request }) => {
    const { resourceType, operation, name, partition = ALL_PARTITIONS } = request
    const decision = decide(program, resourceType, Operation[operation], name, partition)
    const { effect, reason, ruleIds, obligations } = decision
    return { ...request, want: { effect, reason, ruleIds, obligations: withoutDigest(obligations) } }
  })
  expect(decided).toEqual(requests)
})
