// How many instances there are, by status, from the index alone.

import type { StatusKind } from '@workflow-state/core';
import { KINDS } from '../arguments.js';
import { EXIT, type ExitCode } from '../exit.js';
import type { Session } from '../session.js';
import { table } from '../table.js';
import { print, printJson, styled } from '../terminal.js';
import { count as shown } from '../text.js';
import { coloured } from './ls.js';

export async function count(
  session: Session,
  kinds: readonly StatusKind[],
  { json = false }: { readonly json?: boolean },
): Promise<ExitCode> {
  const store = await session.open();
  const { signal } = session;
  const counts: (readonly [StatusKind, number])[] = [];
  for (const kind of kinds.length > 0 ? kinds : KINDS) counts.push([kind, await store.count(kind, { signal })]);
  // Of its own index: the sum of the kinds may count one that is just changing twice, or not at all.
  const total = kinds.length > 0 ? undefined : await store.count(undefined, { signal });
  if (json) await printJson({ ...Object.fromEntries(counts), ...(total !== undefined && { total }) });
  else if (process.stdout.isTTY) {
    const rows = counts.map(([kind, number]) => [coloured(kind), shown(number)]);
    if (total !== undefined) rows.push([styled('bold', 'total'), styled('bold', shown(total))]);
    await print(await table([{ title: '' }, { title: '', align: 'right' }], rows, { title: false }));
  } else {
    for (const [kind, number] of counts) await print(kinds.length === 1 ? String(number) : `${kind}\t${number}`);
    if (total !== undefined) await print(`total\t${total}`);
  }
  return EXIT.ok;
}
