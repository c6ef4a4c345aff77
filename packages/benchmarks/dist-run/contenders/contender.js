// What takes part, and what each promises. A state goes in as an object and comes out as one; who stores bytes is given
// the project's own codec, so that the stores are compared and not their serialisers.
/** From the strongest promise to the weakest. Contenders of two classes never share a group of bars. */
export const PROMISES = {
  'power-loss': 'an acknowledged save survives a power cut',
  atomic: 'a power cut may take back acknowledged saves, and tears none',
  process: 'a killed process loses nothing; a power cut may lose or tear',
  none: 'a killed process may leave a torn state',
};
//# sourceMappingURL=contender.js.map
