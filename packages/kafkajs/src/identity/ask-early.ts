import type { IdentityContext, IdentitySource, IdentityToken } from './identity-source.ts'

/**
 * Asks a source for its first token at once, while something else is waited for; whoever asks first is given it, or told why there is
 * none.
 */
export function askEarly(source: IdentitySource, context: IdentityContext): IdentitySource {
  const ask = async (): Promise<IdentityToken> => source.getToken(context)
  let early: Promise<IdentityToken> | undefined = ask()
  // What keeps whoever opened this from asking is told instead.
  early.catch(() => {})
  return {
    kind: source.kind,
    getToken(now) {
      const first = early
      early = undefined
      return first ?? source.getToken(now)
    },
    forget: () => source.forget?.(),
  }
}
