// What goes on, for whoever watches; nothing where the output goes into a file.
import ora from 'ora';
export function openDisplay(stream) {
  const spinner = stream.isTTY && !process.env['CI'] ? ora({ stream, discardStdin: false }) : undefined;
  return {
    show: (text) => void spinner?.start(text),
    clear: () => void spinner?.stop(),
  };
}
//# sourceMappingURL=display.js.map
