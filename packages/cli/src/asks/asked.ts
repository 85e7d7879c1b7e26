import { GatewayAnswerError } from '../errors.ts'
import { type JsonObject, jsonObject, numberMember, printable, textMember } from '../json-value.ts'

/** A step of an ask, its texts safe for a terminal. */
export interface AskedStep {
  readonly kind: string
  readonly atUnixMs: number
  readonly by: string | undefined
  readonly reason: string | undefined
}

/** An ask as the gateway shows it, its texts safe for a terminal. */
export interface Asked {
  readonly id: string
  readonly revision: number
  readonly state: string
  /** As `issuer/subject`. */
  readonly requester: string
  readonly operation: string
  readonly topic: string
  readonly protection: string
  readonly reason: string | undefined
  readonly isReasonRequired: boolean
  readonly durationMs: number
  readonly windowStartUnixMs: number | undefined
  readonly decideByUnixMs: number
  readonly startsAtUnixMs: number | undefined
  readonly endsAtUnixMs: number | undefined
  readonly people: number
  readonly groups: readonly string[]
  /** Whose members of the groups decide; empty where it is not said. */
  readonly issuers: readonly string[]
  readonly owners: readonly string[]
  readonly approvedBy: readonly string[]
  readonly origin: string
  readonly steps: readonly AskedStep[]
}

/** As long as a reason may be: who approves an ask has seen all of it. */
const MAX_SHOWN = 1_000

class Answer {
  readonly #host: string
  readonly #object: JsonObject

  constructor(host: string, value: unknown) {
    const object = jsonObject(value)
    if (object === undefined) throw new GatewayAnswerError(host, 'an ask is no object')
    this.#host = host
    this.#object = object
  }

  text(name: string): string {
    return printable(this.#need(name, textMember(this.#object, name)))
  }

  number(name: string): number {
    return this.#need(name, numberMember(this.#object, name))
  }

  optionalText(name: string): string | undefined {
    const text = textMember(this.#object, name)
    return text === undefined ? undefined : printable(text, MAX_SHOWN)
  }

  optionalNumber(name: string): number | undefined {
    return numberMember(this.#object, name)
  }

  object(name: string): Answer {
    return new Answer(this.#host, this.#object[name])
  }

  texts(name: string): readonly string[] {
    return this.#list(name).map((item) => printable(this.#need(name, typeof item === 'string' ? item : undefined)))
  }

  objects(name: string): readonly Answer[] {
    return this.#list(name).map((item) => new Answer(this.#host, item))
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object, name)
  }

  #list(name: string): readonly unknown[] {
    const list = this.#object[name]
    return this.#need(name, Array.isArray(list) ? (list as readonly unknown[]) : undefined)
  }

  #need<T>(name: string, value: T | undefined): T {
    if (value === undefined) throw new GatewayAnswerError(this.#host, `an ask lacks \`${name}\``)
    return value
  }
}

function personOf(answer: Answer): string {
  return `${answer.text('issuer')}/${answer.text('subject')}`
}

function stepOf(answer: Answer): AskedStep {
  return {
    kind: answer.text('kind'),
    atUnixMs: answer.number('atUnixMs'),
    by: answer.has('by') ? personOf(answer.object('by')) : undefined,
    reason: answer.optionalText('reason'),
  }
}

/**
 * Takes an ask out of a gateway's answer.
 *
 * @throws {GatewayAnswerError} `ERR_CLI_GATEWAY_ANSWER`
 */
export function askedOf(host: string, value: unknown): Asked {
  const answer = new Answer(host, value)
  const approval = answer.object('approval')
  return {
    id: answer.text('id'),
    revision: answer.number('revision'),
    state: answer.text('state'),
    requester: personOf(answer.object('requester')),
    operation: answer.text('operation'),
    topic: answer.text('topic'),
    protection: answer.text('protection'),
    reason: answer.optionalText('reason'),
    isReasonRequired: approval.text('reason') === 'required',
    durationMs: answer.number('durationMs'),
    windowStartUnixMs: answer.optionalNumber('windowStartUnixMs'),
    decideByUnixMs: answer.number('decideByUnixMs'),
    startsAtUnixMs: answer.optionalNumber('startsAtUnixMs'),
    endsAtUnixMs: answer.optionalNumber('endsAtUnixMs'),
    people: approval.number('people'),
    groups: approval.texts('by'),
    issuers: approval.has('issuers') ? approval.texts('issuers') : [],
    owners: answer.texts('owners'),
    approvedBy: answer.objects('approvedBy').map(personOf),
    origin: answer.object('origin').text('kind'),
    steps: answer.objects('steps').map(stepOf),
  }
}

/**
 * Takes the asks out of a gateway's answer.
 *
 * @throws {GatewayAnswerError} `ERR_CLI_GATEWAY_ANSWER`
 */
export function askedListOf(host: string, value: unknown): readonly Asked[] {
  const asks = jsonObject(value)?.['asks']
  if (!Array.isArray(asks)) throw new GatewayAnswerError(host, 'it holds no asks')
  return asks.map((ask) => askedOf(host, ask))
}
