// What the operator's pages say.
import { chosen } from "./choose";
import { admin } from "./en/admin";

export const adminText = chosen({ en: admin });
