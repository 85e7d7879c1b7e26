const HIDDEN = '***'

/** Hides the local part of an e-mail address but for its first character; what is no address is hidden whole. */
export function maskEmail(text: string): string {
  const at = text.lastIndexOf('@')
  const domain = text.slice(at + 1)
  if (at < 1 || !/^[^\s@]+\.[^\s@.]+$/.test(domain) || domain.length > 253) return HIDDEN
  const [first = ''] = text
  return `${at > first.length && first !== '*' && /[\p{L}\p{N}]/u.test(first) ? first : ''}${HIDDEN}@${domain}`
}
