// What an issuer under https sets up by command: definitions, and badges of
// every shape that issuing knows today.
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {ending} from './ending.js';
import {command} from './laurel.js';

const achievements = [
  {
    slug: 'first-aid', issuer: 'city-academy', inLanguage: 'en', achievementType: 'Badge', name: {en: 'First aid', fr: 'Premiers secours', ar: 'الإسعافات الأولية'},
    description: {en: 'Can give first aid.', fr: 'Sait donner les premiers secours.', ar: 'يستطيع تقديم الإسعافات الأولية.'},
    criteria: {en: 'Attend the day and pass the practice.', fr: 'Suivre la journée et réussir l’exercice.', ar: 'حضور اليوم واجتياز التدريب.'},
    tag: ['health', 'safety']
  },
  {
    slug: 'water-quality', issuer: 'city-academy', inLanguage: 'en', name: {en: 'Water quality'},
    description: {en: 'Measures the quality of drinking water.'}, criteria: {en: '**Attend** all sessions:\n\n- sampling\n- reading\n- reporting'},
    achievementType: 'Course', creditsAvailable: 2.5, fieldOfStudy: 'Environmental health', humanCode: 'WQ-1', specialization: 'Rivers',
    results: 'score', tag: ['water'],
    resultDescription: [{id: 'urn:uuid:1f0b3c9e-6f53-4d07-9a42-52b0a7d0c001', type: ['ResultDescription'], name: 'Final test', resultType: 'Percent',
      valueMin: '0', valueMax: '100', requiredValue: '60'}],
    alignment: [{type: ['Alignment'], targetName: 'Monitoring', targetUrl: 'https://skills.example/monitoring', targetFramework: 'Skills of water work'}]
  }
];

const people = [
  {name: 'Ana Example', email: 'ana@learner.example'},
  {name: 'Zoë Ångström-Łukasz', externalId: 'u-2'},
  {name: 'ليلى المثال', email: 'layla@learner.example', language: 'ar'},
  {name: 'Éloïse d’Exemple', email: 'eloise@learner.example', language: 'fr'},
  {name: '例子 小明', externalId: 'u-5'},
  {name: 'Quote "and" \\ <b>angle</b> & tab', externalId: 'u-6'},
  {name: 'Δοκιμή 😀', externalId: 'u-7'}
];

function* requests() {
  for(const [n, {language, ...recipient}] of people.entries()) {
    yield {achievement: 'first-aid', recipient, awardedAt: `2025-07-${10 + n}`, ...(language && {language})};
  }
  const full = {
    achievement: 'water-quality', awardedAt: '2025-06-30T16:30:00Z', activity: {start: '2025-06-02T07:00:00Z', end: '2025-06-30T16:00:00Z'},
    role: 'team leader', narrative: 'Sampled *three* rivers.', creditsEarned: 2.5,
    evidence: [{id: 'https://evidence.example/report-1', type: ['Evidence'], name: 'Report', description: 'What the rivers hold.', genre: 'report'}],
    results: [{resultDescription: 'urn:uuid:1f0b3c9e-6f53-4d07-9a42-52b0a7d0c001', value: '83.5'}]
  };
  yield {...full, recipient: {name: 'Ben Example', email: 'ben@learner.example', externalId: 'u-8'}};
  yield {...full, recipient: {name: 'Cleo Example', did: 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK'}};
  yield {...full, recipient: {name: 'Dora Example', externalId: 'u-10'}, creditsEarned: 2, validUntil: '2099-12-31T23:59:59Z'};
  yield {achievement: 'first-aid', recipient: {name: 'Revoked Example', externalId: 'u-11'}, awardedAt: '2025-07-01'};
}

async function laurel(binary, data, args, input) {
  const {code, stdout, stderr} = await command(binary, [...args, '--data', data], {input});
  if(code !== 0) {
    throw new Error(`laurel ${args.join(' ')}: ${stderr}`);
  }
  return stdout;
}

export const initialise = (binary, data, baseURL, name) => laurel(binary, data, ['init', '--base-url', baseURL, '--issuer', 'city-academy',
  '--name', name, '--url', 'https://academy.example', '--email', 'badges@academy.example']);

// fill defines, issues and revokes by command while the service runs.
export async function fill(binary, data, definitions) {
  mkdirSync(definitions);
  writeFileSync(join(definitions, 'achievements.json'), JSON.stringify({achievements}));
  await laurel(binary, data, ['programme', 'load', definitions]);
  const issue = async request => {
    const {id, credentialId, verifyUrl} = JSON.parse(await laurel(binary, data, ['issue', '-'], JSON.stringify(request)));
    return {recipient: request.recipient.name, achievement: request.achievement, id, credentialId, verifyUrl, status: 'active'};
  };
  const badges = [];
  for(const request of requests()) {
    badges.push(await issue(request));
  }
  const revoked = badges.pop();
  const expired = await ending(validUntil => issue({achievement: 'first-aid', recipient: {name: 'Expired Example', externalId: 'u-12'}, awardedAt: '2024-01-01', validUntil}));
  await laurel(binary, data, ['revoke', '--reason', 'issued in error', revoked.id]);
  return {badges, revoked: {...revoked, status: 'revoked'}, expired};
}
