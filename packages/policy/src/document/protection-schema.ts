import { type DetectorName, detectorNames } from '@headgate/masking'
import * as z from 'zod'
import { checkDuration } from './duration.ts'
import { checkAnywhereKey, checkHeaderName, checkSelector, checkStrategy } from './mask-words.ts'
import type { AccessDirection, OnUnreadable, RecordFormat } from './protection.ts'
import { exactName, identifier, list, refined, refinedWithin, text, topicPattern } from './refinement.ts'

/** An entry of `mask` as written. */
export interface MaskSource {
  readonly fields?: string | undefined
  readonly anywhere?: readonly string[] | undefined
  readonly detect?: readonly DetectorName[] | undefined
  readonly headers?: readonly string[] | undefined
  readonly key?: true | undefined
  readonly with?: unknown
  readonly on?: readonly AccessDirection[] | undefined
}

/** `approval` as written. */
export interface ApprovalSource {
  readonly by: readonly string[]
  readonly issuers?: readonly string[] | undefined
  readonly people?: number | undefined
  readonly reason?: 'required' | 'optional' | undefined
  readonly for: string
  readonly 'decide-within'?: string | undefined
  readonly on?: readonly AccessDirection[] | undefined
}

/** An entry of `topics` as written. */
export interface TopicSource {
  readonly id?: string | undefined
  readonly match: readonly string[]
  readonly labels?: readonly string[] | undefined
  readonly discoverable?: boolean | undefined
  readonly format?: RecordFormat | undefined
  readonly 'on-unreadable'?: OnUnreadable | undefined
  readonly mask?: readonly MaskSource[] | undefined
  readonly approval?: ApprovalSource | undefined
  readonly audit?: 'standard' | 'required' | undefined
}

/** The most people that an approval can ask for. */
const MAX_PEOPLE = 100

const targets = ['fields', 'anywhere', 'detect', 'headers', 'key'] as const

const on = (description: string): z.ZodType<readonly AccessDirection[] | undefined> =>
  list(z.enum(['consume', 'produce']), description)

const strategy: z.ZodType<unknown> = refined(z.unknown(), checkStrategy).meta({
  description: 'What becomes of a masked value.',
  anyOf: [
    { enum: ['remove', 'null', 'default', 'email', null] },
    { type: 'string', pattern: '^(first|last)-[0-9]{1,2}$' },
    {
      type: 'object',
      properties: { constant: { type: ['string', 'number', 'boolean'] } },
      required: ['constant'],
      additionalProperties: false,
    },
    {
      type: 'object',
      properties: { token: { type: 'string', pattern: '^[a-z0-9][a-z0-9-]{0,31}$' } },
      required: ['token'],
      additionalProperties: false,
    },
  ],
})

const mask: z.ZodType<MaskSource> = z
  .strictObject({
    fields: refinedWithin(z.string(), checkSelector)
      .optional()
      .describe('Fields by a selector in the json-mask language, such as customer(ssn,email),card/number.'),
    anywhere: list(text(checkAnywhereKey), 'Keys at any depth, whatever their case.'),
    detect: list(z.enum(detectorNames), 'Values that are known by their form, in headers too.'),
    headers: list(text(checkHeaderName), 'Headers by their names, whatever their case.'),
    key: z.literal(true).optional().describe('The key of the record. On reading only.'),
    with: strategy,
    on: on('When it applies: `consume`, which is meant where nothing is said, `produce`, or both.'),
  })
  .meta({
    description: 'One thing to mask, and what becomes of it.',
    oneOf: targets.map((target) => ({ required: [target] })),
  })

const duration = refined(z.string(), checkDuration).meta({ pattern: '^[1-9][0-9]{0,7}[smhd]$' })

const people = refined(z.number(), (count) =>
  Number.isInteger(count) && count >= 1 && count <= MAX_PEOPLE
    ? undefined
    : {
        code: 'ERR_POLICY_APPROVAL',
        message: `\`people\` is no whole number from 1 to ${MAX_PEOPLE}`,
        mend: 'write how many distinct people have to approve',
      },
).meta({ type: 'integer', minimum: 1, maximum: MAX_PEOPLE })

const approval: z.ZodType<ApprovalSource> = z
  .strictObject({
    by: z.array(exactName).min(1).describe('Groups whose members may approve.'),
    issuers: list(exactName, 'Issuers whose members of these groups count; of every one unless told.'),
    people: people.optional().describe('How many distinct people have to approve; 1 unless told.'),
    reason: z.enum(['required', 'optional']).optional().describe('Whether an ask needs a reason; it does unless told.'),
    for: duration.describe('The longest that access lasts once approved, such as 1h.'),
    'decide-within': duration.optional().describe('How long an ask waits for a decision; 1h unless told.'),
    on: on('What needs it: `consume`, `produce`, or both, which is meant where nothing is said.'),
  })
  .meta({ id: 'approval', description: 'People of these groups have to approve before anyone reads or writes.' })

/** An entry of `topics`. */
export const topicSchema: z.ZodType<TopicSource> = z
  .strictObject({
    id: identifier.optional().describe('Names the entry in asks and audit. Its topics joined by `,` unless told.'),
    match: z.array(topicPattern).min(1).describe('Topic names and `*` patterns this entry is about.'),
    labels: list(identifier, 'Labels that rules can select by `label:<label>`.'),
    discoverable: z.boolean().optional().describe('List the topic to those who may not use it, and refuse promptly.'),
    format: z.enum(['json', 'text', 'opaque']).optional().describe('How values are read.'),
    'on-unreadable': z
      .enum(['withhold', 'placeholder'])
      .optional()
      .describe('What stands in the place of a record that cannot be masked: nothing unless told, or a placeholder.'),
    mask: list(mask, 'What is hidden of the records. All entries apply.'),
    approval: approval.optional(),
    audit: z
      .enum(['standard', 'required'])
      .optional()
      .describe('`required`: what cannot be put on record first does not happen.'),
  })
  .meta({ id: 'topic', description: 'What holds for these topics whoever asks. All matching entries apply.' })
