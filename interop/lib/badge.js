// A badge that nobody has signed yet, for libraries to sign.
import {randomUUID} from 'node:crypto';

export function badge(issuer, more = {}) {
  return {
    '@context': ['https://www.w3.org/ns/credentials/v2', 'https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json'],
    id: `urn:uuid:${randomUUID()}`,
    type: ['VerifiableCredential', 'OpenBadgeCredential'],
    issuer: {id: issuer, type: ['Profile'], name: 'Academy of Elsewhere', url: 'https://elsewhere.example'},
    name: 'Reading rivers',
    validFrom: '2025-05-01T12:00:00Z',
    credentialSubject: {
      id: `urn:uuid:${randomUUID()}`,
      type: ['AchievementSubject'],
      identifier: [{type: 'IdentityObject', identityHash: 'Zoë Ångström', hashed: false, identityType: 'name'}],
      achievement: {
        id: `urn:uuid:${randomUUID()}`, type: ['Achievement'], name: 'Reading rivers', description: 'Can tell a river’s health.',
        criteria: {narrative: 'Attend, then report.'},
        tag: ['rivers'], achievementType: 'Badge'
      },
      result: [{type: ['Result'], value: '42.5'}]
    },
    evidence: [{id: 'https://evidence.example/report', type: ['Evidence'], name: 'Report', narrative: 'Line one\nline "two"\ttab'}],
    ...more
  };
}
