interface Entry<T> {
  readonly bytes: Uint8Array
  readonly value: T
}

/**
 * Values by key, found by the bytes of the key as they stand in a record, without making a string of them.
 *
 * One bit for each length tells most keys apart before a byte is compared.
 */
export class KeyTable<T> {
  readonly #byName: ReadonlyMap<string, T>
  readonly #byLength: readonly (readonly Entry<T>[] | undefined)[]
  readonly #lengths: number

  constructor(byName: ReadonlyMap<string, T>) {
    this.#byName = byName
    const byLength: Entry<T>[][] = []
    let lengths = 0
    for (const [name, value] of byName) {
      const bytes = new TextEncoder().encode(name)
      const same = byLength[bytes.length] ?? []
      same.push({ bytes, value })
      byLength[bytes.length] = same
      lengths |= 1 << bytes.length
    }
    this.#byLength = byLength
    this.#lengths = lengths
  }

  get size(): number {
    return this.#byName.size
  }

  names(): Iterable<string> {
    return this.#byName.keys()
  }

  /** By a name as a string. */
  get(name: string): T | undefined {
    return this.#byName.get(name)
  }

  /** By the bytes from `start` to `end`, which hold no escape. */
  find(bytes: Uint8Array, start: number, end: number): T | undefined {
    const length = end - start
    // A shift takes its count modulo 32: a longer key is told apart by its table.
    if ((this.#lengths & (1 << length)) === 0) return undefined
    const entries = this.#byLength[length]
    if (entries === undefined) return undefined
    for (const entry of entries) if (holds(bytes, start, entry.bytes)) return entry.value
    return undefined
  }

  /** As {@link KeyTable.find}, for a table of lower-case names and ASCII bytes of either case. */
  findFolded(bytes: Uint8Array, start: number, end: number): T | undefined {
    const length = end - start
    if ((this.#lengths & (1 << length)) === 0) return undefined
    const entries = this.#byLength[length]
    if (entries === undefined) return undefined
    for (const entry of entries) if (holdsFolded(bytes, start, entry.bytes)) return entry.value
    return undefined
  }
}

function holds(bytes: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let at = 0; at < name.length; at += 1) if (bytes[start + at] !== name[at]) return false
  return true
}

function holdsFolded(bytes: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let at = 0; at < name.length; at += 1) {
    const byte = bytes[start + at] as number
    const folded = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
    if (folded !== name[at]) return false
  }
  return true
}
