// Two people change the same document: what each of them changed is kept, and what both changed is asked about.

/** How a field of a form is told to people, and how its entries are known if it is a list of them. */
export interface FieldName<Value = unknown> {
  label: string;
  /** A value in words. */
  text?: (value: Value) => string;
  /** The entries of a list, each with what it is known by: two people may then change one entry each. Without it a list is one value. */
  entries?: Value extends readonly (infer Entry)[] ? { id: (entry: Entry) => string; text: (entry: Entry) => string } : never;
}
export type FieldNames<Fields> = { [Key in keyof Fields]: FieldName<Fields[Key]> };

/** A field, or an entry of one, that somebody else has changed. */
export interface Change<Fields> {
  field: keyof Fields;
  /** The entry, of a field that has entries. */
  entry: string | undefined;
  label: string;
  /** What it was when the form was filled, what the other has made of it, and what stands in the form; in words. */
  was: string;
  theirs: string;
  mine: string;
}
export interface Merge<Fields> {
  fields: Fields;
  /** What only the other has changed; the form has it now. */
  taken: Change<Fields>[];
  /** What both have changed, and not to the same. The form has what it had. */
  conflicts: Change<Fields>[];
}

const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
const NOTHING = 'nothing';

function inWords(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return value == null || value === '' ? NOTHING : String(value);
}

/** Fields of a form that began with `base`, over a document that somebody else has made `theirs` meanwhile. */
export function merged<Fields extends object>(base: Fields, theirs: Fields, mine: Fields, names: FieldNames<Fields>): Merge<Fields> {
  const merge: Merge<Fields> = { fields: { ...mine }, taken: [], conflicts: [] };
  for (const field of Object.keys(names) as (keyof Fields)[]) {
    const name = names[field] as FieldName;
    const text = name.text ?? inWords;
    if (same(base[field], theirs[field]) || same(mine[field], theirs[field])) continue;
    if (same(base[field], mine[field])) {
      merge.fields[field] = theirs[field];
      merge.taken.push({ field, entry: undefined, label: name.label, was: text(base[field]), theirs: text(theirs[field]), mine: text(mine[field]) });
    } else if (name.entries) mergeEntries(merge, field, name, base, theirs);
    else merge.conflicts.push({ field, entry: undefined, label: name.label, was: text(base[field]), theirs: text(theirs[field]), mine: text(mine[field]) });
  }
  return merge;
}

function mergeEntries<Fields extends object>(merge: Merge<Fields>, field: keyof Fields, name: FieldName, base: Fields, theirs: Fields): void {
  const { id, text } = name.entries as unknown as { id: (entry: unknown) => string; text: (entry: unknown) => string };
  const list = (fields: Fields) => fields[field] as unknown[];
  const byId = (entries: unknown[]) => new Map(entries.map((entry) => [id(entry), entry]));
  const [was, other, mine] = [byId(list(base)), byId(list(theirs)), byId(list(merge.fields))];
  const told = (entry: unknown) => (entry === undefined ? NOTHING : text(entry));
  for (const key of new Set([...was.keys(), ...other.keys()])) {
    const [before, there, here] = [was.get(key), other.get(key), mine.get(key)];
    if (same(before, there) || same(here, there)) continue;
    const change = { field, entry: key, label: `${name.label} ${key}`, was: told(before), theirs: told(there), mine: told(here) };
    if (same(before, here)) {
      merge.fields = withTheirs(merge.fields, theirs, change, name);
      merge.taken.push(change);
    } else merge.conflicts.push(change);
  }
}

/** Fields with what the other has made of one field or entry. */
export function withTheirs<Fields extends object>(fields: Fields, theirs: Fields, { field, entry }: Pick<Change<Fields>, 'field' | 'entry'>, name: FieldName<never> | FieldName): Fields {
  if (entry === undefined) return { ...fields, [field]: theirs[field] };
  const { id } = name.entries as unknown as { id: (entry: unknown) => string };
  const [here, there] = [fields[field] as unknown[], theirs[field] as unknown[]];
  const wanted = there.find((one) => id(one) === entry);
  const at = here.findIndex((one) => id(one) === entry);
  const kept = here.filter((one) => id(one) !== entry);
  if (wanted !== undefined) kept.splice(at < 0 ? kept.length : at, 0, wanted);
  return { ...fields, [field]: kept };
}
