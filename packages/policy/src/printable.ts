// Controls, surrogates without a partner, bidirectional controls, and characters that show nothing. Not the space.
const HIDDEN = /[\p{Cc}\p{Cs}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]/u
const HIDDEN_OR_BACKTICK = /[\p{Cc}\p{Cs}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}`]/gu
const MAX_PRINTED = 255

/** Tells whether every character of a name can be seen and keeps its place when it is printed. */
export function isVisible(text: string): boolean {
  return !HIDDEN.test(text)
}

/** Text from outside as it may stand in a message: what cannot be seen is escaped, what is too long is cut. */
export function printable(text: string): string {
  const cut = text.length > MAX_PRINTED ? `${text.slice(0, MAX_PRINTED)}…` : text
  return cut.replace(HIDDEN_OR_BACKTICK, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}
