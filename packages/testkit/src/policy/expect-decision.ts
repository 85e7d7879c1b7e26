import { AssertionError } from 'node:assert'
import { resolve } from 'node:path'
import { PolicyInvalidError, readPolicyFiles } from '@headgate/gateway'
import { formatSourceProblem, type PolicyDocument } from '@headgate/policy'
import { describeExplanation, type Explanation, explainDecision, requestOf } from '@headgate/policy/tools'

/** What is asked of a policy, in the words of `headgate policy explain`. */
export interface AskedDecision {
  /** `issuer/subject`. */
  readonly as: string
  /** The principal's groups; unknown when absent. */
  readonly groups?: readonly string[]
  /** A verb of `may`, such as `consume`, or `cluster`. */
  readonly verb: string
  /** A topic, group or transactional id; behind `cluster` one of its words. */
  readonly name: string
  readonly partition?: number
  /** When it is asked, for rules with a schedule; without it, none of them grants. */
  readonly at?: Date
}

/** What a decision can be held against. Each fails with the whole explanation: the rules that matched, and the near misses. */
export interface DecisionExpectation {
  /** The decision, the rules that matched, the near misses, and what the decision obliges to. */
  readonly explanation: Explanation
  toAllow(): void
  toDeny(): void
  /** It waits for an approval. */
  toHold(): void
}

function readDocument(policy: string): PolicyDocument {
  const path = resolve(policy)
  const { result } = readPolicyFiles(path)
  if (result.ok) return result.document
  const error = new PolicyInvalidError(path, result.problems)
  throw new AssertionError({ message: `${error.message}\n${result.problems.map(formatSourceProblem).join('\n')}` })
}

/**
 * Decides one request by a policy's files, as the gateway would, for a test of any runner to look at.
 *
 * @param policy the path of the entry file, relative to the working folder
 * @throws AssertionError when the policy is not sound
 * @throws RequestWordsError `ERR_POLICY_REQUEST_WORDS` when the question is none
 */
export function expectDecision(policy: string, asked: AskedDecision): DecisionExpectation {
  const document = readDocument(policy)
  const { groups, partition, at } = asked
  const { principal, request } = requestOf({ ...asked, groups, partition })
  const explanation = explainDecision(document, principal, request, at?.getTime())
  const { decision } = explanation
  const expectThat = (holds: boolean, wanted: string): void => {
    if (holds) return
    throw new AssertionError({
      message: `expected ${wanted}\n${describeExplanation(explanation)}`,
      actual: decision.effect,
      expected: wanted,
      operator: 'expectDecision',
    })
  }
  return {
    explanation,
    toAllow: () => expectThat(decision.effect === 'allow', 'allow'),
    toDeny: () => expectThat(decision.effect === 'deny', 'deny'),
    toHold: () => expectThat(decision.effect === 'hold', 'hold'),
  }
}
