export interface Display {
  show(text: string): void;
  clear(): void;
}
export declare function openDisplay(stream: NodeJS.WriteStream): Display;
//# sourceMappingURL=display.d.ts.map
