import * as z from 'zod'
import { checkText } from '../../document/names.ts'
import { MAX_PARTITION } from '../../document/partitions.ts'
import type { Fault } from '../../document/problem.ts'
import { exactName, identifier, list, refined, refinedWithin, text } from '../../document/refinement.ts'
import { checkInstant } from '../../document/schedule.ts'
import type { KnownKeys } from '../../document/schema-problems.ts'
import { checkKeepItem } from '../../document/unmask.ts'
import { type ClusterVerb, clusterVerbs, type Verb, verbs } from '../../document/verbs.ts'
import { isGlob } from '../../glob.ts'
import { MAX_NAME_LENGTH } from '../../operation.ts'
import { type PrincipalKind, principalKinds } from '../../principal.ts'
import { printable } from '../../printable.ts'

/** What is asked for as written: verbs, and names. */
export type AskSource = { readonly [V in Verb]?: readonly string[] | undefined } & {
  readonly cluster?: readonly ClusterVerb[] | undefined
}

/** A case as written: requests, and what each must come to. */
export interface CaseSource {
  readonly name?: string | undefined
  readonly as: string
  readonly groups?: readonly string[] | 'unknown' | undefined
  readonly kind?: PrincipalKind | undefined
  readonly claims?: Readonly<Record<string, readonly string[]>> | undefined
  readonly ask: AskSource
  readonly partition?: number | undefined
  /** An instant; without one, nothing is known of schedules. */
  readonly at?: string | undefined
  readonly expect: 'allow' | 'deny' | 'hold'
  readonly reason?: string | undefined
  readonly rules?: readonly string[] | undefined
  readonly masks?: Readonly<Record<string, string | null>> | undefined
  /** All that is shown, in the words of `only`; `everything` where nothing is left out. */
  readonly only?: readonly string[] | 'everything' | undefined
  readonly approvals?: readonly string[] | undefined
  readonly audit?: 'standard' | 'required' | undefined
}

/** A file of cases as written. */
export interface CasesFileSource {
  readonly cases: readonly CaseSource[]
}

const reasons = [
  'granted',
  'approval-needed',
  'denied-by-rule',
  'groups-unknown',
  'partition-not-granted',
  'internal-topic',
  'no-rule',
  'name-too-long',
  'unexpected',
] as const

function checkPrincipal(as: string): Fault | undefined {
  const slash = as.indexOf('/')
  if (slash > 0 && slash < as.length - 1) return checkText(as, 2 * MAX_NAME_LENGTH + 1)
  const message = `\`${printable(as)}\` is no principal`
  return { code: 'ERR_POLICY_NAME', message, mend: 'write `issuer/subject`' }
}

function checkRequestedName(name: string): Fault | undefined {
  const fault = checkText(name, 2 * MAX_NAME_LENGTH)
  if (fault !== undefined || !isGlob(name)) return fault
  const message = `\`${printable(name)}\` is a pattern, and a request is for one name`
  return { code: 'ERR_POLICY_PATTERN', message, mend: 'write names that the pattern matches' }
}

function checkPartition(partition: number): Fault | undefined {
  if (Number.isInteger(partition) && partition >= 0 && partition <= MAX_PARTITION) return undefined
  return { code: 'ERR_POLICY_PARTITIONS', message: 'this is no partition', mend: 'write a whole number from 0 on' }
}

const ask: z.ZodType<AskSource> = z.strictObject({
  ...Object.fromEntries([...verbs.keys()].map((verb) => [verb, list(text(checkRequestedName), 'Names.')])),
  cluster: list(z.enum([...clusterVerbs.keys()]), 'Words of `cluster`.'),
})

const caseSchema: z.ZodType<CaseSource> = z.strictObject({
  name: z.string().min(1).max(200).optional(),
  as: text(checkPrincipal),
  groups: z.union([z.literal('unknown'), z.array(exactName)]).optional(),
  kind: z.enum(principalKinds).optional(),
  claims: z.record(identifier, z.array(exactName)).optional(),
  ask,
  partition: refined(z.number(), checkPartition).optional(),
  at: text(checkInstant).optional(),
  expect: z.enum(['allow', 'deny', 'hold']),
  reason: z.enum(reasons).optional(),
  rules: z.array(z.string()).optional(),
  masks: z.record(z.string(), z.union([z.string(), z.null()])).optional(),
  only: z.union([z.literal('everything'), z.array(refinedWithin(z.string(), checkKeepItem)).min(1)]).optional(),
  approvals: z.array(z.string()).optional(),
  audit: z.enum(['standard', 'required']).optional(),
})

/** A file of cases. One without a case would pass and say nothing, so it is none. */
export const casesSchema: z.ZodType<CasesFileSource> = z.strictObject({ cases: z.array(caseSchema).min(1) })

/** The keys of a file of cases. */
export const caseKeys: KnownKeys = new Map([
  ['', ['cases']],
  [
    'cases',
    [
      'name',
      'as',
      'groups',
      'kind',
      'claims',
      'ask',
      'partition',
      'at',
      'expect',
      'reason',
      'rules',
      'masks',
      'only',
      'approvals',
      'audit',
    ],
  ],
  ['ask', [...verbs.keys(), 'cluster']],
])
