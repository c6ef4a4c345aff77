// The report: facts about the packages only, no times and no paths of this machine. So two runs over the same packages
// write the same bytes, however often one of them was killed.

import { createHash } from 'node:crypto';

export interface AuditedPackage {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly files: number;
  readonly bytes: number;
  readonly sha256: string;
}

export interface Report {
  readonly packages: number;
  readonly files: number;
  readonly bytes: number;
  /** Over the hash of each package, in their order. */
  readonly sha256: string;
  /** Packages per licence, the most frequent first. */
  readonly licences: readonly { readonly licence: string; readonly packages: number }[];
  readonly largest: readonly AuditedPackage[];
}

const LARGEST = 10;

export function buildReport(packages: readonly AuditedPackage[]): Report {
  const perLicence = new Map<string, number>();
  const hash = createHash('sha256');
  for (const { licence, name, version, sha256 } of packages) {
    perLicence.set(licence, (perLicence.get(licence) ?? 0) + 1);
    hash.update(`${name}@${version}\0${sha256}\n`);
  }
  return {
    packages: packages.length,
    files: packages.reduce((sum, { files }) => sum + files, 0),
    bytes: packages.reduce((sum, { bytes }) => sum + bytes, 0),
    sha256: hash.digest('hex'),
    licences: [...perLicence]
      .map(([licence, count]) => ({ licence, packages: count }))
      .sort((a, b) => b.packages - a.packages || (a.licence < b.licence ? -1 : 1)),
    largest: packages.toSorted((a, b) => b.bytes - a.bytes).slice(0, LARGEST),
  };
}

export function renderMarkdown(report: Report): string {
  return [
    '# Dependency audit',
    '',
    `${report.packages} packages, ${report.files} files, ${megabytes(report.bytes)}. SHA-256 of all: \`${report.sha256}\``,
    '',
    '| licence | packages |',
    '| --- | ---: |',
    ...report.licences.map(({ licence, packages }) => `| ${licence} | ${packages} |`),
    '',
    '| largest packages | size | files |',
    '| --- | ---: | ---: |',
    ...report.largest.map(
      ({ name, version, bytes, files }) => `| ${name} ${version} | ${megabytes(bytes)} | ${files} |`,
    ),
    '',
  ].join('\n');
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
