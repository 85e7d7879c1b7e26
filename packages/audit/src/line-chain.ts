import { type AuditSigningKey, signCheckpoint } from './checkpoint.ts'
import type { AuditCheckpoint } from './event.ts'
import { auditCodes } from './event-codes.ts'
import { hashLine } from './event-line.ts'

/** What all lines of a trail have in common. */
export interface ChainIdentity {
  readonly writer: string
  readonly gateway: string
  readonly key: AuditSigningKey
}

/** The end of a chain: the number and the hash of its last line. */
export interface ChainEnd {
  readonly seq: number
  readonly prev: string
}

/**
 * Links lines behind the end of a chain.
 *
 * Nothing changes but this object: the lines become part of the trail when they are durable, and are linked anew when
 * they could not be written.
 */
export class LineChain {
  readonly #identity: ChainIdentity
  #seq: number
  #prev: string
  #text = ''
  #checkpoint: string | undefined

  constructor(identity: ChainIdentity, { seq, prev }: ChainEnd) {
    this.#identity = identity
    this.#seq = seq
    this.#prev = prev
  }

  get end(): ChainEnd {
    return { seq: this.#seq, prev: this.#prev }
  }

  /** The lines, each with its line feed. */
  get text(): string {
    return this.#text
  }

  /** The last checkpoint among the lines. */
  get checkpoint(): string | undefined {
    return this.#checkpoint
  }

  /** Adds an event, as {@link encodeEvent} gave it. */
  event(body: string): void {
    const { writer, gateway } = this.#identity
    const head = JSON.stringify({ v: 1, seq: this.#seq + 1, prev: this.#prev, writer, gateway })
    this.#add(`${head.slice(0, -1)},${body.slice(1)}`)
  }

  /** Signs what has been linked so far. */
  sign(why: AuditCheckpoint['why'], segment: number, time: string): void {
    const { writer, gateway, key } = this.#identity
    const head = { v: 1, seq: this.#seq + 1, prev: this.#prev, writer, gateway, time } as const
    const event = 'audit.checkpoint'
    const line = signCheckpoint({ ...head, code: auditCodes[event], event, segment, why }, key)
    this.#checkpoint = line
    this.#add(line)
  }

  #add(line: string): void {
    this.#text += `${line}\n`
    this.#seq += 1
    this.#prev = hashLine(line)
  }
}
