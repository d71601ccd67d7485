// Walks through pages with a cursor.

interface Page<T> {
  readonly rows: readonly T[];
  readonly next?: string | null | undefined;
}

/** All rows from a cursor on, or from the beginning; a page is asked for when it is needed. */
export async function* paged<T>(
  first: string | undefined,
  page: (cursor: string | undefined) => Promise<Page<T>>,
): AsyncGenerator<T, void> {
  let cursor = first;
  do {
    const { rows, next } = await page(cursor);
    yield* rows;
    cursor = next ?? undefined;
  } while (cursor !== undefined);
}
