// All that the pages say. A translation is another object of this shape; the browser's language chooses.
// The operator's texts stand in `./admin`.
import { chosen } from "./choose";
import { account } from "./en/account";
import { common } from "./en/common";
import { usage } from "./en/usage";

const en = { common, usage, account };

export type Texts = typeof en;

export const text = chosen<Texts>({ en });
