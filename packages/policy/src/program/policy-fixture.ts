import { parsePolicy } from '../document/parse-policy.ts'
import { formatSourceProblem } from '../document/problem.ts'
import type { Principal } from '../principal.ts'
import { compileProgram, type Program } from './program.ts'
import { residualFor } from './residual.ts'

/** The principal of tests that have no reason for another. */
export const ada: Principal = Object.freeze({ issuer: 'corp', subject: 'ada', groups: Object.freeze(['analytics']) })

/** Compiles a policy text for one principal; for tests. */
export function programOf(text: string, principal: Principal = ada): Program {
  const result = parsePolicy({ path: 'policy.yaml', text }, () => {
    throw new Error('no parts here')
  })
  if (!result.ok) throw new Error(result.problems.map(formatSourceProblem).join('\n'))
  return compileProgram(residualFor(result.document, principal))
}
