export function at(items, index) {
  const item = items[index];
  if (item === undefined) throw new RangeError(`there is no item ${index} of ${items.length}`);
  return item;
}
//# sourceMappingURL=at.js.map
