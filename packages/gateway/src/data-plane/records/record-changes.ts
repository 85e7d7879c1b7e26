import type { GrowingBytes } from './growing-bytes.ts'
import { varintBytes, writeVarint } from './record-layout.ts'

/** What is written: bytes behind their length, -1 for `null`, a number by itself, or nothing for `undefined`. */
type Piece = Buffer | null | number | undefined

/** The changes of one record, in the order of its bytes; one object serves all records. */
export class RecordChanges {
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  readonly #pieces: Piece[] = []
  #count = 0
  /** By how many bytes the record grows. */
  #growth = 0

  get count(): number {
    return this.#count
  }

  clear(): void {
    this.#count = 0
    this.#growth = 0
  }

  /** Puts a piece in the place of the bytes from `start` to `end`; changes come in order and do not overlap. */
  replace(start: number, end: number, piece: Piece): void {
    const at = this.#count
    this.#starts[at] = start
    this.#ends[at] = end
    this.#pieces[at] = piece
    this.#count = at + 1
    this.#growth += pieceBytes(piece) - (end - start)
  }

  /** Puts a change before those from `index` on. */
  insert(index: number, start: number, end: number, piece: Piece): void {
    insertAt(this.#starts, this.#count, index, start)
    insertAt(this.#ends, this.#count, index, end)
    insertAt(this.#pieces, this.#count, index, piece)
    this.#count += 1
    this.#growth += pieceBytes(piece) - (end - start)
  }

  /** Writes the changed record, whose body stands from `bodyAt` to `end` of the source. */
  write(output: GrowingBytes, source: Buffer, bodyAt: number, end: number): void {
    const size = end - bodyAt + this.#growth
    writeInteger(output, size)
    let from = bodyAt
    for (let change = 0; change < this.#count; change += 1) {
      output.copy(source, from, this.#starts[change] as number)
      writePiece(output, this.#pieces[change])
      from = this.#ends[change] as number
    }
    output.copy(source, from, end)
  }
}

/** Lists are longer than what counts of them, where a record before had more. */
function insertAt<Item>(items: Item[], count: number, index: number, item: Item): void {
  items.length = count
  items.splice(index, 0, item)
}

function pieceBytes(piece: Piece): number {
  if (piece === undefined) return 0
  if (piece === null) return 1
  return typeof piece === 'number' ? varintBytes(piece) : varintBytes(piece.length) + piece.length
}

function writePiece(output: GrowingBytes, piece: Piece): void {
  if (piece === undefined) return
  if (piece === null) writeInteger(output, -1)
  else if (typeof piece === 'number') writeInteger(output, piece)
  else {
    writeInteger(output, piece.length)
    output.copy(piece, 0, piece.length)
  }
}

function writeInteger(output: GrowingBytes, value: number): void {
  const at = output.reserve(varintBytes(value))
  writeVarint(output.bytes, at, value)
}
