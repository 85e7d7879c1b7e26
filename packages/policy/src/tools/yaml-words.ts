const PLAIN = /^[A-Za-z][A-Za-z0-9._-]*$/
/** Words that YAML, or a reader of it that is older, takes for something else than text. */
const WORDS: ReadonlySet<string> = new Set(['true', 'false', 'null', 'yes', 'no', 'on', 'off', 'y', 'n'])

/** A text as YAML: plain where nobody can take it for something else. */
function yamlText(text: string): string {
  return PLAIN.test(text) && !WORDS.has(text.toLowerCase()) ? text : JSON.stringify(text)
}

/** A list of texts as YAML, in one line. */
export function yamlList(texts: readonly string[]): string {
  return `[${texts.map(yamlText).join(', ')}]`
}
