// Progress: a spinner below the lines on a terminal, the lines alone everywhere else.

import ora from 'ora';

export interface Display {
  /** Stays. */
  line(text: string): void;
  /** Replaced by the next one. */
  progress(text: string): void;
  end(): void;
}

export function openDisplay(stream: NodeJS.WriteStream): Display {
  const spinner = stream.isTTY && !process.env['CI'] ? ora({ stream, discardStdin: false }) : undefined;
  return {
    line(text) {
      spinner?.stop();
      stream.write(`${text}\n`);
    },
    progress(text) {
      if (spinner === undefined) return;
      spinner.text = text;
      if (!spinner.isSpinning) spinner.start();
    },
    end: () => void spinner?.stop(),
  };
}
