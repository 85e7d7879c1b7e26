import * as z from 'zod/mini'
import type { PartitionRange, Scope } from '../document/document.ts'
import { checkIdentifier, checkOpaqueSelector, checkTopicPattern, checkTopicSelector } from '../document/names.ts'
import { MAX_PARTITION, mergePartitions } from '../document/partitions.ts'
import { type EnforcementModes, enforcementModes, type ModeEntry } from '../modes.ts'
import {
  CLUSTER_NAME,
  MAX_NAME_LENGTH,
  type Operation,
  operations,
  type ResourceType,
  resourceTypes,
} from '../operation.ts'
import type { Effect } from '../program/decision.ts'
import type { PolicyResidual } from '../program/residual.ts'
import { isFine, names } from './checked-names.ts'
import { demandsOf } from './demands.ts'
import { keepClaims, protectionClaims, unmaskClaims } from './protection-claims.ts'
import { scheduleClaims } from './schedule-claims.ts'

/** A request and the decision that its issuer expects of the program in the bundle. */
export interface Canary {
  readonly resourceType: ResourceType
  readonly operation: Operation
  readonly name: string
  /** Absent = the whole topic. */
  readonly partition?: number
  readonly effect: Effect
  /** The digest of the masks; absent = nothing is masked. */
  readonly mask?: string
}

/** What a bundle says. Times are whole milliseconds since the Unix epoch. */
export interface BundleClaims {
  readonly version: 1
  /** The gateway's public address. */
  readonly issuer: string
  /** The client id, or the subject, of the client that this is for. */
  readonly audience: string
  /** Whose rights these are. */
  readonly subject: { readonly issuer: string; readonly subject: string }
  /** The name of the cluster that these rights are for. */
  readonly cluster: string
  /** Never goes back; equal revisions of one addressee have equal programs. */
  readonly revision: number
  readonly issuedAtUnixMs: number
  /** From here on a newer bundle should be had. */
  readonly refreshAfterUnixMs: number
  /** From here on everything is denied. */
  readonly expiresAtUnixMs: number
  readonly onStale: 'deny'
  /** Features that a reader must know, or refuse the whole bundle; all that `demandsOf` names for the residual. */
  readonly mustUnderstand: readonly string[]
  /** Decisions to be tried before the bundle is put in force. */
  readonly canaries: readonly Canary[]
  readonly residual: PolicyResidual
  /** The digest of the program that the residual compiles to. */
  readonly programDigest: string
}

/** The most canaries that a bundle carries. */
export const MAX_CANARIES = 64

const unixMs = z.int().check(z.nonnegative())
const name = z.string().check(z.minLength(1), z.maxLength(1024))
const canaryName = z.string().check(z.maxLength(MAX_NAME_LENGTH))
const resourceType = z.enum(resourceTypes)
const operation = z.literal(operations)
const partition = z.int().check(z.nonnegative(), z.maximum(MAX_PARTITION))
const partitionRange = z.readonly(z.tuple([partition, partition])).check(z.refine(([first, last]) => first <= last))

const digest = z.string().check(z.regex(/^sha256:[0-9a-f]{64}$/))

const identifier = z.string().check(z.refine(isFine(checkIdentifier)))

const nameChecks: Readonly<Record<ResourceType, (name: string) => boolean>> = Object.freeze({
  topic: isFine(checkTopicSelector),
  group: isFine(checkOpaqueSelector),
  'transactional-id': isFine(checkOpaqueSelector),
  cluster: (text: string) => text === CLUSTER_NAME,
})

const isMerged = (ranges: readonly PartitionRange[]): boolean => mergePartitions(ranges).length === ranges.length

const scope: z.ZodMiniType<Scope> = z
  .strictObject({
    resourceType,
    operation,
    names: z.readonly(z.array(z.string()).check(z.minLength(1))),
    partitions: z.exactOptional(z.readonly(z.array(partitionRange).check(z.minLength(1))).check(z.refine(isMerged))),
  })
  .check(z.refine(({ resourceType: type, names }) => names.every(nameChecks[type])))

const mode = z.enum(enforcementModes)
const modeEntries = (check: (selector: string) => unknown): z.ZodMiniType<readonly ModeEntry[]> =>
  z.readonly(z.array(z.strictObject({ match: names(check), mode })))
const modesClaims: z.ZodMiniType<EnforcementModes> = z.strictObject({
  default: mode,
  topics: modeEntries(checkTopicPattern),
  groups: modeEntries(checkOpaqueSelector),
  transactionalIds: modeEntries(checkOpaqueSelector),
  cluster: mode,
})

const residual: z.ZodMiniType<PolicyResidual> = z.strictObject({
  version: z.literal(1),
  rules: z.readonly(
    z.array(
      z.strictObject({
        id: identifier,
        effect: z.enum(['allow', 'deny']),
        when: z.exactOptional(scheduleClaims),
        because: z.exactOptional(z.literal('groups-unknown')),
        scopes: z.readonly(z.array(scope).check(z.minLength(1))),
        unmask: z.exactOptional(unmaskClaims),
        only: z.exactOptional(keepClaims),
        withoutApproval: z.exactOptional(z.literal(true)),
      }),
    ),
  ),
  topics: z.readonly(
    z.array(
      z.strictObject({
        match: names(checkTopicPattern),
        labels: z.readonly(z.array(identifier)),
        discoverable: z.boolean(),
      }),
    ),
  ),
  protections: z.readonly(z.array(protectionClaims)),
  groupsUnknown: z.boolean(),
  modes: z.exactOptional(modesClaims),
})

const canary: z.ZodMiniType<Canary> = z.strictObject({
  resourceType,
  operation,
  name: canaryName,
  partition: z.exactOptional(partition),
  effect: z.enum(['allow', 'deny', 'hold']),
  mask: z.exactOptional(digest),
})

const mustUnderstand = z.readonly(z.array(name).check(z.maxLength(64)))

/** What a payload demands, before anything else of it is looked at. */
export const demandsSchema: z.ZodMiniType<Pick<BundleClaims, 'mustUnderstand'>> = z.object({ mustUnderstand })

/** The payload of a bundle: a member too many refuses it as a member too few does. */
export const bundleClaimsSchema: z.ZodMiniType<BundleClaims> = z
  .strictObject({
    version: z.literal(1),
    issuer: name,
    audience: name,
    subject: z.strictObject({ issuer: name, subject: name }),
    cluster: name,
    revision: z.int().check(z.nonnegative()),
    issuedAtUnixMs: unixMs,
    refreshAfterUnixMs: unixMs,
    expiresAtUnixMs: unixMs,
    onStale: z.literal('deny'),
    mustUnderstand,
    canaries: z.readonly(z.array(canary).check(z.maxLength(MAX_CANARIES))),
    residual,
    programDigest: digest,
  })
  .check(
    z.refine(
      ({ issuedAtUnixMs, refreshAfterUnixMs, expiresAtUnixMs }) =>
        issuedAtUnixMs <= refreshAfterUnixMs && refreshAfterUnixMs <= expiresAtUnixMs,
      { message: 'times out of order' },
    ),
    z.refine(({ mustUnderstand, residual: of }) => demandsOf(of).every((demand) => mustUnderstand.includes(demand)), {
      message: 'a demand of the residual is not named',
      path: ['mustUnderstand'],
    }),
  )
