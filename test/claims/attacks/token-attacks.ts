// A plain table.
import type { Attack } from './attack.ts'

/** Attacks on the exchange of an identity for a gateway token. */
export const tokenAttacks: readonly Attack[] = [
  {
    id: 'T1',
    tried: 'an ID token for another client, an access token for another API, another authorized party',
    expected: '`invalid_request`',
  },
  {
    id: 'T2',
    tried: 'no end, no beginning, an end in ten years, times in the future, an end that is text',
    expected: 'refused',
  },
  {
    id: 'T3',
    tried: 'a public key as a shared secret, an algorithm of another key, an unknown or a critical header',
    expected: 'refused with 400, never 500',
  },
  {
    id: 'T4',
    tried: "the token of one issuer at another's door, an issuer with one slash more, one subject of two issuers",
    expected: 'refused; a principal is an issuer and a subject, and never meets that of another issuer',
  },
  {
    id: 'T5',
    tried: 'a flood of unknown key ids, keys that cannot be fetched, are redirected, private, or ten thousand',
    expected: 'few fetches, none to another place; known keys go on for the grace period',
  },
  {
    id: 'T6',
    tried: 'an actor token or its type alone, a parameter twice, an actor who may not act, a chain too deep',
    expected: '`invalid_request`',
  },
  {
    id: 'T7',
    tried: 'a refresh token, or a token of the gateway itself, as the subject',
    expected: 'refused: nobody renews themselves past the session of their identity provider',
  },
  {
    id: 'T8',
    tried: 'a scope, an audience or a resource beyond what there is, a life beyond that of the subject token',
    expected: '`invalid_target` or `invalid_scope`; what is issued never outlives what it was issued for',
  },
  {
    id: 'T9',
    tried: 'groups left out of the token since there are too many',
    expected: 'unknown, which is not none: a denial by group applies, a grant by group does not',
  },
  {
    id: 'T10',
    tried: 'groups and subjects with spaces, commas, `*`, letters that look alike, names of prototypes',
    expected: 'compared as opaque text',
  },
  {
    id: 'T11',
    tried: 'one token, or one proof, presented twice',
    expected:
      'refused where the issuer is told to be exchanged once, and at the Kafka listener such a token is refused each time; the rest of the proof stands for another place or time',
    except:
      'proofs of possession over HTTP (DPoP) are not built; a token is bound by the certificate of its connection',
  },
  {
    id: 'T12',
    tried: 'a session revoked by an event of the identity provider, and events that are forged, replayed or for others',
    expected: 'acted on, or refused',
    absent:
      'events of an identity provider (CAEP) are not received; a session is revoked at the gateway itself, which cuts its connections',
  },
  {
    id: 'T13',
    tried: "errors that might repeat a token, questions about somebody else's token",
    expected: 'no answer and no log repeats a token',
    except: 'there is no introspection to ask of',
  },
]
