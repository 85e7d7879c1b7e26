import { systemClock } from '@headgate/core'
import type { Gate } from '../access/gate.ts'
import { Approvals } from '../approvals/approvals.ts'
import type { Client } from '../facades/client.ts'
import { TopicMasks } from '../masking/topic-mask.ts'
import { Metering } from '../telemetry/metering.ts'
import { Tracing } from '../telemetry/tracing.ts'

/** What facades work with, over this gate; a test changes what it looks at. */
export function createTestClient(gate: Gate, changes: Partial<Client> = {}): Client {
  return {
    session: {
      open: async () => {},
      forgetToken: () => true,
      retain: () => {},
      release: () => {},
      renew: async () => {},
    },
    gate,
    tracing: new Tracing({ clientId: 'orders' }, true),
    metering: new Metering({ clientId: 'orders' }, systemClock),
    masks: new TopicMasks(),
    approvals: new Approvals({
      clock: systemClock,
      list: async () => undefined,
      isNeeded: () => false,
      report: () => {},
    }),
    clock: systemClock,
    consumptions: new Set(),
    quietly: (connect) => connect(),
    listTopics: async () => [],
    consumerDenied: () => {},
    consumerResumed: () => {},
    withheld: () => {},
    ...changes,
  }
}
