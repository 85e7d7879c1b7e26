import type { Consumer } from '#kafkajs'

type On = (eventName: string, listener: (event: never) => void) => () => void

interface Listening {
  readonly eventName: string
  readonly listener: (event: never) => void
  remove: () => void
}

/**
 * A consumer of kafkajs that can be exchanged for a new one: kafkajs forgets no topic that it has subscribed to, so what the
 * policy takes away needs another consumer. Listeners go along.
 */
export class ReplaceableConsumer {
  readonly #create: () => Consumer
  readonly #listening = new Set<Listening>()
  #current: Consumer

  constructor(create: () => Consumer) {
    this.#create = create
    this.#current = create()
  }

  get current(): Consumer {
    return this.#current
  }

  /** As kafkajs's own `on`, and for every consumer that comes after. */
  readonly on: Consumer['on'] = ((eventName, listener) => {
    const listening: Listening = { eventName, listener, remove: this.#listen(eventName, listener) }
    this.#listening.add(listening)
    return () => {
      listening.remove()
      this.#listening.delete(listening)
    }
  }) as On as Consumer['on']

  /** Puts a new consumer, which is not connected, in the place of this one, which should be no more. */
  replace(): void {
    const next = this.#create()
    this.#current = next
    for (const listening of this.#listening) {
      listening.remove()
      listening.remove = this.#listen(listening.eventName, listening.listener)
    }
  }

  #listen(eventName: string, listener: (event: never) => void): () => void {
    return (this.#current.on as On)(eventName, listener)
  }
}
