import type { WithheldReason } from '../result.ts'

/** Ends a walk over an object; never leaves the package. */
export class WithheldSignal {
  readonly reason: WithheldReason

  constructor(reason: WithheldReason) {
    this.reason = reason
  }
}
