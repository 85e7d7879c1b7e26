/**
 * Skips a sequence of UTF-8 that begins at `at` with a byte from 0x80; gives the index behind it, or -1 if it is none.
 *
 *     80..7FF        C2..DF 80..BF
 *     800..FFFF      E0 A0..BF 80..BF | E1..EC 80..BF 80..BF | ED 80..9F 80..BF | EE..EF 80..BF 80..BF
 *     10000..10FFFF  F0 90..BF 80..BF 80..BF | F1..F3 80..BF 80..BF 80..BF | F4 80..8F 80..BF 80..BF
 *
 * From Unicode 17, table 3-7. No byte is read behind one that does not belong to the sequence.
 */
export function skipSequence(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number
  const second = bytes[at + 1] as number
  if (first < 0xc2 || first > 0xf4 || (second & 0xc0) !== 0x80) return -1
  if (first < 0xe0) return at + 2
  if (((bytes[at + 2] as number) & 0xc0) !== 0x80) return -1
  if (first < 0xf0) {
    if ((first === 0xe0 && second < 0xa0) || (first === 0xed && second > 0x9f)) return -1
    return at + 3
  }
  if ((first === 0xf0 && second < 0x90) || (first === 0xf4 && second > 0x8f)) return -1
  return ((bytes[at + 3] as number) & 0xc0) === 0x80 ? at + 4 : -1
}
