// What the operator's pages say; apart from the other texts, so that only these pages load it.
import { chosen } from "./choose";
import { admin } from "./en/admin";

export const adminText = chosen({ en: admin });
