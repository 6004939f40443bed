// Real values for the parameters of screens' paths.
import { scene } from './scene';

const VALUES: Record<string, () => string> = {
  operator: () => 'alpha',
  account: () => 'acme',
  import: () => scene().import,
};

/** A path in which every parameter has a value that exists. */
export function examples(path: string): string {
  return path.replace(/:([a-z]+)/g, (_, name: string) => {
    const value = VALUES[name];
    if (!value) throw new Error(`tests/examples.ts has no value for :${name} of ${path}`);
    return encodeURIComponent(value());
  });
}
