/** Imports from here, where the contenders are installed; whoever asks has none of them. */
export function importContender(specifier) {
  return import(specifier);
}
