import type { InstanceId } from '@workflow-state/core';

export async function idsOf(listing: AsyncIterable<InstanceId>): Promise<InstanceId[]> {
  const ids: InstanceId[] = [];
  for await (const id of listing) ids.push(id);
  return ids;
}
