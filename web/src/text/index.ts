// All that the pages say. A translation is another object of this shape; the browser's language chooses.
import { account } from "./en/account";
import { admin } from "./en/admin";
import { common } from "./en/common";
import { usage } from "./en/usage";

const en = { common, usage, account, admin };

export type Texts = typeof en;

const catalogue: Record<string, Texts> = { en };

function chosen(): Texts {
  for (const language of navigator.languages) {
    const texts = catalogue[language.split("-")[0] ?? ""];
    if (texts) return texts;
  }
  return en;
}

export const text = chosen();
