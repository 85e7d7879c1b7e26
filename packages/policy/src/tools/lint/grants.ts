import type { PolicyDocument, Rule } from '../../document/document.ts'
import { type Operation, operations, type ResourceType } from '../../operation.ts'
import type { Principal } from '../../principal.ts'
import { decide } from '../../program/decide.ts'
import { compileProgram, type Program } from '../../program/program.ts'
import { residualFor } from '../../program/residual.ts'

/** The rules that grant each operation at a name, to whomever they concern; for the whole or for some partitions. */
export type Grants = ReadonlyMap<Operation, readonly Rule[]>

const nobody: Principal = Object.freeze({ issuer: '', subject: '', groups: Object.freeze([]) })

/** A policy for one principal. */
export function programFor(document: PolicyDocument, principal: Principal): Program {
  return compileProgram(residualFor(document, principal))
}

/** Asks each grant of a policy by itself, for everybody. */
export function grantsAt(document: PolicyDocument, resourceType: ResourceType, name: string): Grants {
  const grants = new Map<Operation, Rule[]>()
  for (const rule of document.rules.filter(({ effect }) => effect === 'allow')) {
    const whole = rule.scopes.map(({ partitions: _, ...scope }) => scope)
    const program = programFor({ ...document, rules: [{ ...rule, scopes: whole, who: 'everyone' }] }, nobody)
    for (const operation of operations) {
      if (decide(program, resourceType, operation, name).effect === 'deny') continue
      grants.set(operation, [...(grants.get(operation) ?? []), rule])
    }
  }
  return grants
}
