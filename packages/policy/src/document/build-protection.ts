import { type DetectorName, foldHeaderName, foldKey, parseStrategy } from '@headgate/masking'
import { canonicalJson, compareCodeUnits, sortedUnique } from '../canonical.ts'
import type { SourcePosition, TopicProtection } from './document.ts'
import { parseDuration } from './duration.ts'
import type { AccessDirection, ProtectionApproval, ProtectionMask } from './protection.ts'
import type { ApprovalSource, MaskSource, TopicSource } from './protection-schema.ts'
import { canonicalSelector } from './unmask.ts'

const DEFAULT_DECIDE_WITHIN = '1h'

/** The id of an entry that was given none. */
export function defaultProtectionId(match: readonly string[]): string {
  return sortedUnique(match).join(',')
}

/** Builds an entry of `topics` that has passed every check. */
export function buildProtection(topic: TopicSource, source: SourcePosition): TopicProtection {
  const mask = (topic.mask ?? []).map(buildMask)
  const onUnreadable = topic['on-unreadable'] ?? (mask.length > 0 ? 'withhold' : undefined)
  return {
    id: topic.id ?? defaultProtectionId(topic.match),
    match: sortedUnique(topic.match),
    labels: sortedUnique(topic.labels ?? []),
    discoverable: topic.discoverable ?? false,
    ...(topic.format === undefined ? {} : { format: topic.format }),
    ...(onUnreadable === undefined ? {} : { onUnreadable }),
    mask: uniqueMasks(mask),
    ...(topic.approval === undefined ? {} : { approval: buildApproval(topic.approval) }),
    audit: topic.audit ?? 'standard',
    source,
  }
}

function buildMask({ fields, anywhere, detect, headers, key, with: source, on }: MaskSource): ProtectionMask {
  return {
    on: directions(on ?? ['consume']),
    with: parseStrategy(source),
    ...(fields === undefined ? {} : { fields: canonicalSelector(fields) }),
    ...(anywhere === undefined ? {} : { anywhere: sortedUnique(anywhere.map(foldKey)) }),
    ...(detect === undefined ? {} : { detect: sortedUnique(detect) as DetectorName[] }),
    ...(headers === undefined ? {} : { headers: sortedUnique(headers.map(foldHeaderName)) }),
    ...(key === undefined ? {} : { key }),
  }
}

function uniqueMasks(masks: readonly ProtectionMask[]): ProtectionMask[] {
  const byMeaning = new Map(masks.map((mask) => [canonicalJson(mask), mask]))
  return [...byMeaning].sort(([a], [b]) => compareCodeUnits(a, b)).map(([, mask]) => mask)
}

function buildApproval(approval: ApprovalSource): ProtectionApproval {
  return {
    on: directions(approval.on ?? ['consume', 'produce']),
    by: sortedUnique(approval.by),
    ...(approval.issuers === undefined ? {} : { issuers: sortedUnique(approval.issuers) }),
    people: approval.people ?? 1,
    reason: approval.reason ?? 'required',
    forMs: durationMs(approval.for),
    decideWithinMs: durationMs(approval['decide-within'] ?? DEFAULT_DECIDE_WITHIN),
  }
}

function directions(on: readonly AccessDirection[]): AccessDirection[] {
  return sortedUnique(on) as AccessDirection[]
}

function durationMs(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw new RangeError('policy: a duration that was not checked')
  return ms
}
