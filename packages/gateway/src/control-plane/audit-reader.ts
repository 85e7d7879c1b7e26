import { CLUSTER_NAME, compileProgram, decide, Operation, type Principal, residualFor } from '@headgate/policy'
import type { PolicySnapshot } from '../control-port.ts'

/** Tells who may read the audit: whoever a rule lets `read-audit` on the cluster. Keeps the last answer, since one asks often. */
export class AuditReaders {
  #kept: { readonly key: string; readonly mayRead: boolean } | undefined

  /** Whether the principal may, by this policy. */
  mayRead(snapshot: PolicySnapshot, { issuer, subject, groups }: Principal): boolean {
    const key = JSON.stringify([snapshot.revision, issuer, subject, groups ?? null])
    if (this.#kept?.key === key) return this.#kept.mayRead
    const program = compileProgram(residualFor(snapshot.document, { issuer, subject, groups }))
    const mayRead = decide(program, 'cluster', Operation.ReadAudit, CLUSTER_NAME).effect === 'allow'
    this.#kept = { key, mayRead }
    return mayRead
  }
}
