// All that the pages say. A translation is another object of this shape; the browser's language chooses.
// Texts that not every page needs stand apart, in `./account` and `./admin`, so that only these load them.
import { chosen } from "./choose";
import { common } from "./en/common";
import { usage } from "./en/usage";

const en = { common, usage };

export type Texts = typeof en;

export const text = chosen<Texts>({ en });
