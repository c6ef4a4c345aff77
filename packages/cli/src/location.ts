// A store URL as people are shown it: with the path it stands for, and without what may be secret.

import { resolve } from 'node:path';

const SECRET = /key|secret|token|credential|password|pass|sig|auth/i;

/** Never throws: it is shown before anybody has found out whether it is right. */
export function shownLocation(url: string): string {
  const [, scheme = '', location = '', query] = /^([a-z][a-z0-9+.-]*):([^?#]*)\??([^#]*)/i.exec(url) ?? [];
  if (scheme === '') return 'not a URL';
  const parameters = [...new URLSearchParams(query)].map(
    ([name, value]) => `${name}=${SECRET.test(name) ? '…' : withoutUser(value)}`,
  );
  const place = /(?:^|\+)file$/i.test(scheme) ? pathOf(location) : withoutUser(location);
  return `${scheme.toLowerCase()}:${place}${parameters.length === 0 ? '' : `?${parameters.join('&')}`}`;
}

function withoutUser(text: string): string {
  return text.replace(/\/\/[^/@]*@/, '//…@');
}

function pathOf(location: string): string {
  const path = location.replace(/^\/\/(?:localhost)?(?=\/)/, '');
  try {
    return path === '' ? path : resolve(decodeURIComponent(path));
  } catch {
    return path;
  }
}
