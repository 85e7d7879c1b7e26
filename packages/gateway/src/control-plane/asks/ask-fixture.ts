// Test fixture: asks as tests need them, over a real store.
import type { ApprovalObligation } from '@headgate/policy'
import { vi } from 'vitest'
import type { AskStatus } from '../../control-port.ts'
import { TestClock } from '../../identity/token-fixture.ts'
import { openStore } from '../../store/store.ts'
import { collectLog, type LoggedLine } from '../control-plane-fixture.ts'
import type { Ask, AskActor, AskStep } from './ask.ts'
import type { AskAct, AskDraft } from './ask-machine.ts'
import { Asks } from './asks.ts'

const MINUTE_MS = 60_000

/** Two of the leads, for an hour, decided within half of one. */
export const APPROVAL: ApprovalObligation = {
  protection: 'payments-approval',
  by: ['payments-leads'],
  people: 2,
  reason: 'required',
  forMs: 60 * MINUTE_MS,
  decideWithinMs: 30 * MINUTE_MS,
}

/** Somebody of the issuer `corp`. */
export function person(subject: string, groups: readonly string[] = ['payments-leads']): AskActor {
  return { issuer: 'corp', subject, groups }
}

/** The draft of an ask of `billing-job` for `payments`, owned by `olga`. */
export function draft(changes: Partial<AskDraft> = {}): AskDraft {
  const scope = { issuer: 'corp', subject: 'billing-job', protection: 'payments-approval', topic: 'payments' }
  return {
    id: `ask_${crypto.randomUUID()}`,
    scope: { ...scope, operation: 'consume' },
    approval: APPROVAL,
    owners: ['olga'],
    ruleIds: ['billing-reads-payments'],
    policyRevision: 7,
    origin: { kind: 'request' },
    reason: 'month end',
    ...changes,
  }
}

/** Who acts and when. */
export function act(subject: string, nowUnixMs: number, groups?: readonly string[]): AskAct {
  return { actor: person(subject, groups), nowUnixMs }
}

/** Asks over a store, and everything they told. */
export interface TestAsks {
  readonly asks: Asks
  readonly clock: TestClock
  readonly told: AskStatus[]
  readonly recorded: { readonly ask: Ask; readonly step: AskStep }[]
  readonly lines: LoggedLine[]
  close(): Promise<void>
}

/** Starts asks; without a path they live in memory. */
export async function startTestAsks(
  options: { readonly path?: string; readonly clock?: TestClock; readonly fail?: () => boolean } = {},
): Promise<TestAsks> {
  const { path, clock = new TestClock(), fail = () => false } = options
  const { log, lines } = collectLog()
  const recorded: TestAsks['recorded'] = []
  const store = path === undefined ? undefined : { path }
  const asks = new Asks({
    openStore: () => openStore({ store, log }),
    sink: async (ask, step) => {
      if (fail()) throw new Error('the audit is full')
      recorded.push({ ask, step })
    },
    log,
    clock,
  })
  const told: AskStatus[] = []
  asks.subscribe((status) => void told.push(status))
  await asks.start()
  return { asks, clock, told, recorded, lines, close: () => asks.close() }
}

/** Looks again until a check holds; patient, since a machine may be busy. */
export function until<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 10_000, interval: 5 })
}
