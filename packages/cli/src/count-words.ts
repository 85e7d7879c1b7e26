/** A number of things: `1 record`, `2 records`. */
export function countWords(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
