// The accounts that are resellers.
import { answer, api, type Schemas } from '../../../api/client';

const PAGE = 1000;

/** Every reseller, by id. The API has no filter for them, so that accounts are gone through page by page. */
export async function resellers(signal: AbortSignal): Promise<Schemas['Account'][]> {
  const found: Schemas['Account'][] = [];
  let cursor: string | undefined;
  do {
    const page = await answer(api.GET('/v1/accounts', { params: { query: { cursor, limit: PAGE } }, signal }));
    found.push(...page.items.filter((account) => account.is_reseller));
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  return found;
}
