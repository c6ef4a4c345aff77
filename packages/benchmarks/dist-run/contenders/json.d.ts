/** Bytes as base64, dates as text: what a store of JSON needs. */
export declare function toJson(state: object): string;
export declare function fromJson(text: string): object;
//# sourceMappingURL=json.d.ts.map
