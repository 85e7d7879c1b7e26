import type { Socket } from 'node:net'

/** Whether a socket is read from: not while its owner has paused it, nor while anybody holds it. */
export class SocketReading {
  readonly #socket: Socket
  #holders = 0
  #isPaused = false

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Stops reading, until {@link SocketReading.resume}. */
  pause(): void {
    this.#isPaused = true
    this.#socket.pause()
  }

  /** Reads again. */
  resume(): void {
    this.#isPaused = false
    this.#read()
  }

  /** Stops reading, until as many have let go as have held. */
  hold(): void {
    this.#holders += 1
    this.#socket.pause()
  }

  letGo(): void {
    this.#holders -= 1
    this.#read()
  }

  #read(): void {
    if (!this.#isPaused && this.#holders === 0) this.#socket.resume()
  }
}
