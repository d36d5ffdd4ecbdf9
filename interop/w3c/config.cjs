// What the W3C and CCG suites are told of Laurel: they read it as localConfig.cjs
// in their own folder. run.mjs sets the environment.
const {LAUREL_BASE: base, LAUREL_IDS, LAUREL_STATUS} = process.env;
const ids = JSON.parse(LAUREL_IDS);

const issuer = (tags, options, id = ids.EdDSA, more = {}) =>
  ({id, endpoint: `${base}/credentials/issue`, tags, options, supports: {vc: ['2.0']}, ...more});

const ed25519 = {supportedEddsaKeyTypes: ['Ed25519']};
const ecdsa = ['ecdsa-rdfc-2019', 'ecdsa-jcs-2019'].flatMap((cryptosuite) =>
  [['P-256', ids.ES256], ['P-384', ids.ES384]].map(([keyType, id]) =>
    issuer([cryptosuite], {cryptosuite, keyType}, id, {supportedEcdsaKeyTypes: [keyType]})));

module.exports = {
  settings: {enableInteropTests: false, testAllImplementations: false},
  implementations: [{
    name: 'Laurel',
    implementation: 'Laurel',
    issuers: LAUREL_STATUS ?
      [issuer(['BitstringStatusList', 'Revocation'], {statusPurpose: 'revocation'})] :
      [
        issuer(['vc2.0', 'vc-api', 'eddsa-rdfc-2022'], {}, ids.EdDSA, ed25519),
        issuer(['eddsa-jcs-2022'], {cryptosuite: 'eddsa-jcs-2022'}, ids.EdDSA, ed25519),
        ...ecdsa,
        issuer(['EnvelopingProof'], {type: 'EnvelopingProof'}),
      ],
    verifiers: [{
      id: ids.EdDSA,
      endpoint: `${base}/credentials/verify`,
      tags: ['vc2.0', 'vc-api', 'eddsa-rdfc-2022', 'eddsa-jcs-2022', 'ecdsa-rdfc-2019', 'ecdsa-jcs-2019', 'ecdsa-sd-2023',
        'BitstringStatusList', 'EnvelopingProof'],
      supportedEcdsaKeyTypes: ['P-256', 'P-384'],
      supports: {vc: ['1.1', '2.0']},
      ...ed25519,
    }],
    vpVerifiers: [{id: ids.EdDSA, endpoint: `${base}/presentations/verify`, tags: ['vc2.0', 'EnvelopingProof']}],
  }],
};
