interface Entry<T> {
  readonly bytes: Uint8Array
  readonly value: T
  /** The next entry of this length. */
  readonly next: Entry<T> | undefined
}

/**
 * Values by key, found by the bytes of the key as they stand in a record, without making a string of them.
 *
 * The length tells most keys apart before a byte is compared.
 */
export class KeyTable<T> {
  readonly size: number
  readonly #byName: ReadonlyMap<string, T>
  /** By length; no longer than the longest key. */
  readonly #entries: readonly (Entry<T> | undefined)[]

  constructor(byName: ReadonlyMap<string, T>) {
    this.size = byName.size
    this.#byName = byName
    const encoded = [...byName].map(([name, value]) => ({ bytes: new TextEncoder().encode(name), value }))
    const longest = Math.max(-1, ...encoded.map(({ bytes }) => bytes.length))
    const entries = new Array<Entry<T> | undefined>(longest + 1).fill(undefined)
    for (const { bytes, value } of encoded) entries[bytes.length] = { bytes, value, next: entries[bytes.length] }
    this.#entries = entries
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
    if (length >= this.#entries.length) return undefined
    let entry = this.#entries[length]
    while (entry !== undefined && !holds(bytes, start, entry.bytes)) entry = entry.next
    return entry?.value
  }

  /** As {@link KeyTable.find}, for a table of lower-case names and ASCII bytes of either case. */
  findFolded(bytes: Uint8Array, start: number, end: number): T | undefined {
    const length = end - start
    if (length >= this.#entries.length) return undefined
    let entry = this.#entries[length]
    while (entry !== undefined && !holdsFolded(bytes, start, entry.bytes)) entry = entry.next
    return entry?.value
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
