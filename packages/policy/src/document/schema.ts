import * as z from 'zod'
import { type PrincipalKind, principalKinds } from '../principal.ts'
import { checkOpaqueSelector, checkTopicSelector } from './names.ts'
import { checkPartitions } from './partitions.ts'
import { type TopicSource, topicSchema } from './protection-schema.ts'
import { exactName, identifier, list, refined, refinedWithin, text } from './refinement.ts'
import { checkDays, checkInstant, checkTimeZone, checkWindow, type ScheduleSource } from './schedule.ts'
import { checkKeepItem, checkUnmaskItem } from './unmask.ts'
import { type ClusterVerb, clusterVerbs, type Verb, verbs } from './verbs.ts'

/** `issuers`, `subjects` and `groups` as written. */
export interface PrincipalMatchSource {
  readonly issuers?: readonly string[] | undefined
  readonly subjects?: readonly string[] | undefined
  readonly groups?: readonly string[] | undefined
  readonly kinds?: readonly PrincipalKind[] | undefined
  readonly claims?: Readonly<Record<string, readonly string[]>> | undefined
}

/** `who` as written. */
export type WhoSource = 'everyone' | (PrincipalMatchSource & { readonly not?: PrincipalMatchSource | undefined })

/** `never` as written. */
export type AccessSource = { readonly [V in Verb]?: readonly string[] | undefined } & {
  readonly cluster?: readonly ClusterVerb[] | undefined
  readonly partitions?: readonly (number | string)[] | undefined
}

/** `may` as written. */
export type GrantSource = AccessSource & {
  readonly unmask?: readonly string[] | undefined
  readonly only?: readonly string[] | undefined
  readonly 'without-approval'?: boolean | undefined
}

/** An entry of `rules` as written. */
export interface RuleSource {
  readonly id: string
  readonly description?: string | undefined
  readonly who: WhoSource
  readonly when?: ScheduleSource | undefined
  readonly may?: GrantSource | undefined
  readonly never?: AccessSource | undefined
}

/** An entry of `owners` as written. */
export interface OwnershipSource {
  readonly of: PrincipalMatchSource
  readonly people: readonly string[]
  readonly issuers?: readonly string[] | undefined
}

/** A policy file as written. */
export interface PolicyFileSource {
  readonly parts?: readonly string[] | undefined
  readonly topics?: readonly TopicSource[] | undefined
  readonly rules?: readonly RuleSource[] | undefined
  readonly owners?: readonly OwnershipSource[] | undefined
}

const opaqueSelector = text(checkOpaqueSelector)
const topicSelector = text(checkTopicSelector, '^(label:)?[a-zA-Z0-9._*-]{1,249}$')

const principalShape = {
  issuers: list(exactName, 'Issuers by the names that the gateway configuration gives them; one is enough.'),
  subjects: list(exactName, 'Subjects exactly as the issuer states them; one is enough.'),
  groups: list(exactName, 'Groups exactly as the issuer states them; one is enough.'),
  kinds: list(z.enum(principalKinds), 'What stands behind the principal: a service, a human or an agent.'),
  claims: z
    .record(identifier, z.array(exactName).min(1))
    .optional()
    .describe('What else the issuer states, by the names that the gateway configuration gives; each must match.'),
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

const accessShape = {
  ...verbShape,
  cluster: list(z.enum([...clusterVerbs.keys()]), 'To do these with the cluster itself.'),
  partitions: list(
    refined(z.union([z.number(), z.string()]), checkPartitions),
    'Limits `consume` and `produce` of this rule to these partitions, such as [0, 3-5].',
  ),
}

const never: z.ZodType<AccessSource> = z.strictObject(accessShape).meta({
  id: 'never',
  ...notEmpty,
  description: 'What the rule denies: verbs and the names they apply to.',
})

const may: z.ZodType<GrantSource> = z
  .strictObject({
    ...accessShape,
    unmask: list(
      refinedWithin(z.string(), checkUnmaskItem),
      'Shows these to whoever the rule lets `consume`: fields, `anywhere:<key>`, `detect:<name>`, `header:<name>`, `key`.',
    ),
    only: list(
      refinedWithin(z.string(), checkKeepItem),
      'Shows nothing but these of what the rule lets `consume` and `replay`: fields, `header:<name>`, `key`. Nothing else of a record is there.',
    ),
    'without-approval': z.boolean().optional().describe('`consume` and `produce` of this rule need no approval.'),
  })
  .meta({ id: 'may', ...notEmpty, description: 'What the rule grants: verbs and the names they apply to.' })

const day = '(mon|tue|wed|thu|fri|sat|sun)'
const instant = text(
  checkInstant,
  '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,3})?)?(Z|[+-]\\d{2}:\\d{2})$',
).optional()

const when: z.ZodType<ScheduleSource> = z
  .strictObject({
    from: instant.describe('The instant from which on the rule applies, such as 2026-12-01T08:00:00Z.'),
    until: instant.describe('The instant from which on it applies no more.'),
    days: list(text(checkDays, `^${day}(-${day})?$`), 'Days of the week such as mon or mon-fri; one is enough.'),
    between: list(
      text(checkWindow, '^([01]\\d|2[0-3]):[0-5]\\d-([01]\\d|2[0-4]):[0-5]\\d$'),
      'Parts of the day such as 08:00-18:00; 22:00-06:00 ends the day after.',
    ),
    in: text(checkTimeZone).optional().describe('The time zone of `days` and `between`, such as Europe/Berlin or UTC.'),
  })
  .meta({
    id: 'when',
    ...notEmpty,
    description: 'When the rule applies: all members that are present must hold.',
    dependentRequired: { days: ['in'], between: ['in'] },
  })

const rule: z.ZodType<RuleSource> = z
  .strictObject({
    id: identifier.describe('Names the rule in reasons, logs and audit; unique in the policy.'),
    description: z.string().max(1000).optional().describe('What the rule is for, in your own words.'),
    who: who,
    when: when.optional(),
    may: may.optional(),
    never: never.optional(),
  })
  .meta({
    id: 'rule',
    description: 'A grant (`may`) or a denial (`never`). A denial beats every grant.',
    oneOf: [{ required: ['may'] }, { required: ['never'] }],
  })

const ownership: z.ZodType<OwnershipSource> = z
  .strictObject({
    of: z.strictObject(principalShape).meta({ ...notEmpty, description: 'The services: all members must match.' }),
    people: z.array(exactName).min(1).describe('The subjects that stand behind them.'),
    issuers: list(exactName, 'The issuers that the people are of; of every one unless told.'),
  })
  .meta({ id: 'ownership', description: 'People who stand behind services, and may not approve what those ask for.' })

const sections = {
  topics: z.array(topicSchema).optional().describe('Protections: they belong to streams and hold for everybody.'),
  rules: z.array(rule).optional().describe('Grants and denials for people. `[]` denies everything.'),
  owners: z.array(ownership).optional().describe('Who stands behind services: they may not approve their asks.'),
}

/** The entry file of a policy: it alone may list parts. */
export const entrySchema: z.ZodType<PolicyFileSource> = z
  .strictObject({ parts: list(z.string(), 'Files that belong to this policy, relative to this one.'), ...sections })
  .meta({ title: 'Headgate policy' })

/** A part of a policy. */
export const partSchema: z.ZodType<PolicyFileSource> = z.strictObject(sections)
