import * as z from 'zod'
import { checkExactName, checkIdentifier, checkOpaqueSelector, checkTopicPattern, checkTopicSelector } from './names.ts'
import { checkPartitions } from './partitions.ts'
import type { Fault } from './problem.ts'
import { type ClusterVerb, clusterVerbs, type Verb, verbs } from './verbs.ts'

/** `issuers`, `subjects` and `groups` as written. */
export interface PrincipalMatchSource {
  readonly issuers?: readonly string[] | undefined
  readonly subjects?: readonly string[] | undefined
  readonly groups?: readonly string[] | undefined
}

/** `who` as written. */
export type WhoSource = 'everyone' | (PrincipalMatchSource & { readonly not?: PrincipalMatchSource | undefined })

/** `may` or `never` as written. */
export type AccessSource = { readonly [V in Verb]?: readonly string[] | undefined } & {
  readonly cluster?: readonly ClusterVerb[] | undefined
  readonly partitions?: readonly (number | string)[] | undefined
}

/** An entry of `rules` as written. */
export interface RuleSource {
  readonly id: string
  readonly description?: string | undefined
  readonly who: WhoSource
  readonly may?: AccessSource | undefined
  readonly never?: AccessSource | undefined
}

/** An entry of `topics` as written. */
export interface TopicSource {
  readonly match: readonly string[]
  readonly labels?: readonly string[] | undefined
  readonly discoverable?: boolean | undefined
}

/** A policy file as written. */
export interface PolicyFileSource {
  readonly parts?: readonly string[] | undefined
  readonly topics?: readonly TopicSource[] | undefined
  readonly rules?: readonly RuleSource[] | undefined
}

type Check<T> = (value: T) => Fault | undefined

function refined<T>(type: z.ZodType<T>, check: Check<T>): z.ZodType<T> {
  return type.superRefine((value, context) => {
    const fault = check(value)
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault.message, params: { fault } })
  })
}

function list<T extends z.ZodType>(item: T, description: string): z.ZodOptional<z.ZodArray<T>> {
  return z.array(item).min(1).optional().describe(description)
}

const text = (check: Check<string>, pattern?: string): z.ZodType<string> =>
  refined(z.string(), check).meta(pattern === undefined ? {} : { pattern })

const identifier = text(checkIdentifier, '^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$')
const exactName = text(checkExactName)
const opaqueSelector = text(checkOpaqueSelector)
const topicPattern = text(checkTopicPattern, '^[a-zA-Z0-9._*-]{1,249}$')
const topicSelector = text(checkTopicSelector, '^(label:)?[a-zA-Z0-9._*-]{1,249}$')

const principalShape = {
  issuers: list(exactName, 'Issuers by the names that the gateway configuration gives them; one is enough.'),
  subjects: list(exactName, 'Subjects exactly as the issuer states them; one is enough.'),
  groups: list(exactName, 'Groups exactly as the issuer states them; one is enough.'),
}

const notEmpty = { minProperties: 1 }

const who: z.ZodType<WhoSource> = z
  .union([
    z.literal('everyone'),
    z
      .strictObject({
        ...principalShape,
        not: z
          .strictObject(principalShape)
          .meta({ ...notEmpty, description: 'Whom this leaves out.' })
          .optional(),
      })
      .meta(notEmpty),
  ])
  .meta({ id: 'who', description: 'Whom the rule concerns: all members that are present must match.' })

const verbShape = Object.fromEntries(
  [...verbs].map(([name, { resourceType, description }]) => {
    const selector = resourceType === 'topic' ? topicSelector : opaqueSelector
    return [name, list(selector, `To ${description}.`)]
  }),
)

const access: z.ZodType<AccessSource> = z
  .strictObject({
    ...verbShape,
    cluster: list(z.enum([...clusterVerbs.keys()]), 'To do these with the cluster itself.'),
    partitions: list(
      refined(z.union([z.number(), z.string()]), checkPartitions),
      'Limits `consume` and `produce` of this rule to these partitions, such as [0, 3-5].',
    ),
  })
  .meta({
    id: 'access',
    ...notEmpty,
    description: 'What the rule grants or denies: verbs and the names they apply to.',
  })

const rule: z.ZodType<RuleSource> = z
  .strictObject({
    id: identifier.describe('Names the rule in reasons, logs and audit; unique in the policy.'),
    description: z.string().max(1000).optional().describe('What the rule is for, in your own words.'),
    who: who,
    may: access.optional(),
    never: access.optional(),
  })
  .meta({
    id: 'rule',
    description: 'A grant (`may`) or a denial (`never`). A denial beats every grant.',
    oneOf: [{ required: ['may'] }, { required: ['never'] }],
  })

const topic: z.ZodType<TopicSource> = z
  .strictObject({
    match: z.array(topicPattern).min(1).describe('Topic names and `*` patterns this entry is about.'),
    labels: list(identifier, 'Labels that rules can select by `label:<label>`.'),
    discoverable: z.boolean().optional().describe('List the topic to those who may not use it, and refuse promptly.'),
  })
  .meta({ id: 'topic', description: 'What holds for these topics whoever asks. All matching entries apply.' })

const sections = {
  topics: z.array(topic).optional().describe('Protections: they belong to streams and hold for everybody.'),
  rules: z.array(rule).optional().describe('Grants and denials for people. `[]` denies everything.'),
}

/** The entry file of a policy: it alone may list parts. */
export const entrySchema: z.ZodType<PolicyFileSource> = z
  .strictObject({ parts: list(z.string(), 'Files that belong to this policy, relative to this one.'), ...sections })
  .meta({ title: 'Headgate policy' })

/** A part of a policy. */
export const partSchema: z.ZodType<PolicyFileSource> = z.strictObject(sections)
