// What the pages of the account say.
import { chosen } from "./choose";
import { account } from "./en/account";

export const accountText = chosen({ en: account });
