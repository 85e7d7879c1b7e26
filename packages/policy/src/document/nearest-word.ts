const LONGEST = 64
const SHORT = 4

/**
 * The one of `words` that `typed` was most likely meant to be; `undefined` when none is near.
 *
 * Near is one slip in a short word and two in a longer one, whatever the case; two letters that changed places are one.
 */
export function nearestWord(typed: string, words: readonly string[]): string | undefined {
  if (typed.length > LONGEST) return undefined
  let nearest: string | undefined
  let least = typed.length <= SHORT ? 2 : 3
  for (const word of words) {
    const slips = countSlips(typed.toLowerCase(), word.toLowerCase())
    if (slips < least) [nearest, least] = [word, slips]
  }
  return nearest
}

/** Optimal string alignment: letters put in, left out, mistaken, or changed with their neighbour. */
function countSlips(from: string, to: string): number {
  let [before, row]: [number[], number[]] = [[], Array.from({ length: to.length + 1 }, (_, index) => index)]
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const mistaken = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      const isSwapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      const swapped = isSwapped ? (before[j - 2] ?? 0) + 1 : mistaken
      next.push(Math.min(mistaken, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    ;[before, row] = [row, next]
  }
  return row[to.length] ?? 0
}
