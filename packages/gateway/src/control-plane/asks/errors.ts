import { HeadgateError } from '@headgate/core'
import type { ApprovalObligation } from '@headgate/policy'

/** Why an ask is not opened, shown or moved on. The text may be shown to whoever wanted it. */
export abstract class AskError<Code extends string = string> extends HeadgateError<Code> {}

/** There is no ask with this id, or none that may be seen. */
export class AskUnknownError extends AskError<'ERR_GATEWAY_ASK_UNKNOWN'> {
  readonly code = 'ERR_GATEWAY_ASK_UNKNOWN'

  constructor() {
    super({ message: 'there is no such ask, or it is not yours to see' })
  }
}

/** Whoever wants to decide is in none of the groups that may. */
export class AskNotApproverError extends AskError<'ERR_GATEWAY_ASK_NOT_APPROVER'> {
  readonly code = 'ERR_GATEWAY_ASK_NOT_APPROVER'

  constructor({ by, issuers }: Pick<ApprovalObligation, 'by' | 'issuers'>) {
    const list = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ')
    const from = issuers === undefined ? '' : ` from ${list(issuers)}`
    super({ message: `only members of ${list(by)}${from} decide on this ask` })
  }
}

/** Whoever wants to decide asks themselves, or stands behind who asks. */
export class AskOwnError extends AskError<'ERR_GATEWAY_ASK_OWN'> {
  readonly code = 'ERR_GATEWAY_ASK_OWN'

  constructor(role: 'requester' | 'owner') {
    const who = role === 'requester' ? 'who asks' : 'an owner of the service that asks'
    super({ message: `${who} does not decide`, details: { role } })
  }
}

/** Neither the requester nor somebody behind the requester. */
export class AskNotRequesterError extends AskError<'ERR_GATEWAY_ASK_NOT_REQUESTER'> {
  readonly code = 'ERR_GATEWAY_ASK_NOT_REQUESTER'

  constructor() {
    super({ message: 'only who asks, or an owner of the service that asks, may do this' })
  }
}

/** This person has approved already. */
export class AskDecidedError extends AskError<'ERR_GATEWAY_ASK_DECIDED'> {
  readonly code = 'ERR_GATEWAY_ASK_DECIDED'

  constructor() {
    super({ message: 'you have approved already: others are wanted' })
  }
}

/** The ask lacks the reason that its protection requires. */
export class AskReasonMissingError extends AskError<'ERR_GATEWAY_ASK_REASON_MISSING'> {
  readonly code = 'ERR_GATEWAY_ASK_REASON_MISSING'

  constructor() {
    super({
      message: 'the protection requires a reason, and the ask has none yet: add one with `headgate approvals reason`',
    })
  }
}

/** The ask is not in a state in which this can be done. */
export class AskStateError extends AskError<'ERR_GATEWAY_ASK_STATE'> {
  readonly code = 'ERR_GATEWAY_ASK_STATE'

  constructor(state: string, what: string) {
    super({ message: `the ask is ${state}: ${what}`, details: { state } })
  }
}

/** The ask has moved on since it was looked at. */
export class AskChangedError extends AskError<'ERR_GATEWAY_ASK_CHANGED'> {
  readonly code = 'ERR_GATEWAY_ASK_CHANGED'

  constructor(revision: number) {
    super({ message: 'the ask has moved on: look at it again', retryable: true, details: { revision } })
  }
}

/** An ask of the same scope is under way. */
export class AskExistsError extends AskError<'ERR_GATEWAY_ASK_EXISTS'> {
  readonly code = 'ERR_GATEWAY_ASK_EXISTS'

  constructor(id: string, state: string) {
    super({
      message: `ask \`${id}\` for the same is ${state}: use that one, or take it back before you ask anew`,
      details: { id, state },
    })
  }
}

/** What is asked for needs no approval. */
export class AskNotNeededError extends AskError<'ERR_GATEWAY_ASK_NOT_NEEDED'> {
  readonly code = 'ERR_GATEWAY_ASK_NOT_NEEDED'

  constructor() {
    super({ message: 'the policy allows this without an approval' })
  }
}

/** What is asked for would be refused with an approval too. */
export class AskNotGrantedError extends AskError<'ERR_GATEWAY_ASK_NOT_GRANTED'> {
  readonly code = 'ERR_GATEWAY_ASK_NOT_GRANTED'

  constructor(reason: string) {
    super({ message: 'the policy refuses this, and no approval changes that', details: { reason } })
  }
}

/** The duration or the start that is asked for is not one that can be given. */
export class AskTimeError extends AskError<'ERR_GATEWAY_ASK_TIME'> {
  readonly code = 'ERR_GATEWAY_ASK_TIME'

  constructor(message: string) {
    super({ message })
  }
}

/** One requester has so many asks pending that no more are opened. */
export class AskLimitError extends AskError<'ERR_GATEWAY_ASK_LIMIT'> {
  readonly code = 'ERR_GATEWAY_ASK_LIMIT'

  constructor(limit: number) {
    super({ message: `${limit} asks are pending already`, retryable: true, details: { limit } })
  }
}

/** A request's body or query is not what the endpoint takes. */
export class AskBodyError extends AskError<'ERR_GATEWAY_ASK_BODY'> {
  readonly code = 'ERR_GATEWAY_ASK_BODY'

  constructor(what: string) {
    super({ message: `the request cannot be used: ${what}` })
  }
}
