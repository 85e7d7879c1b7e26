import { isHeadgateError } from '@headgate/core'
import { printable } from '../http/json.ts'

/** The steps from nothing to a first fetch, in the order in which a client takes them. */
export const diagnosisSteps: readonly [
  'configuration',
  'gateway',
  'identity',
  'exchange',
  'bundle',
  'sign-in',
  'metadata',
  'fetch',
] = Object.freeze(['configuration', 'gateway', 'identity', 'exchange', 'bundle', 'sign-in', 'metadata', 'fetch'])

/** One of {@link diagnosisSteps}. */
export type DiagnosisStepName = (typeof diagnosisSteps)[number]

/** What is told of a step, by name; never a token, a secret or anything of a record. */
export type DiagnosisFacts = Readonly<Record<string, string | number | boolean | readonly string[]>>

/** How one step went. */
export interface DiagnosisStep {
  readonly name: DiagnosisStepName
  /** `not-needed` where there is nothing to try. */
  readonly status: 'passed' | 'failed' | 'not-needed'
  /** A sentence: what there is, or why it failed and what to do. */
  readonly message: string
  /** Of the error; absent unless the step failed. */
  readonly code?: string
  readonly facts: DiagnosisFacts
}

/** What a step that went well tells. */
export interface StepOutcome {
  readonly message: string
  readonly facts?: DiagnosisFacts
  readonly isNotNeeded?: boolean
}

function failure(name: DiagnosisStepName, error: unknown): DiagnosisStep {
  if (isHeadgateError(error)) {
    const { message, code, details } = error
    return { name, status: 'failed', message, code, facts: { ...details } }
  }
  const message = error instanceof Error ? printable(error.message) : 'unexpected'
  return { name, status: 'failed', message, code: 'ERR_KAFKAJS_UNEXPECTED', facts: {} }
}

/** Takes a step, and tells how it went; it never throws. */
export async function takeStep(name: DiagnosisStepName, step: () => Promise<StepOutcome>): Promise<DiagnosisStep> {
  try {
    const { message, facts = {}, isNotNeeded = false } = await step()
    return Object.freeze({ name, status: isNotNeeded ? 'not-needed' : 'passed', message, facts })
  } catch (error) {
    return Object.freeze(failure(name, error))
  }
}
