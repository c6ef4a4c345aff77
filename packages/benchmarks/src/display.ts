// What goes on, for whoever watches; nothing where the output goes into a file.

import ora from 'ora';

export interface Display {
  show(text: string): void;
  clear(): void;
}

export function openDisplay(stream: NodeJS.WriteStream): Display {
  const spinner = stream.isTTY && !process.env['CI'] ? ora({ stream, discardStdin: false }) : undefined;
  return {
    show: (text) => void spinner?.start(text),
    clear: () => void spinner?.stop(),
  };
}
