// Who changed what, and why.
import { type FormEvent, useEffect, useState } from "react";
import { usePageTitle } from "../../app/title";
import { adminText } from "../../text/admin";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { TextField } from "../../ui/Field";
import { Empty } from "../../ui/states";
import { AuditTable } from "./AuditTable";
import { type Address, useAddress } from "./address";
import { useAudit } from "./data";
import { Part } from "./Part";
import { PageHead, Pages } from "./parts";

const words = adminText.audit;

function Filter({ address }: { address: Address }) {
  const target = address.get("target");
  const [typed, setTyped] = useState(target);
  useEffect(() => setTyped(target), [target]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    address.set({ target: typed.trim(), cursor: "" });
  };
  return (
    <search>
      <form onSubmit={submit} className="no-print mb-4 flex max-w-3xl flex-wrap items-start gap-3">
        <div className="min-w-0 flex-1 basis-60">
          <TextField
            label={words.target}
            hint={words.targetHint}
            autoComplete="off"
            spellCheck={false}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </div>
        <div className="flex flex-wrap gap-2 mt-6">
          <Button type="submit" icon="search">
            {words.filter}
          </Button>
          {target !== "" && (
            <Button kind="quiet" onClick={() => address.set({ target: "", cursor: "" })}>
              {words.clear}
            </Button>
          )}
        </div>
      </form>
    </search>
  );
}

function Nothing({ address }: { address: Address }) {
  if (address.get("cursor") !== "") return <Empty title={adminText.noMore} />;
  if (address.get("target") !== "") return <Empty title={words.nothing} />;
  return <Empty title={words.emptyTitle}>{words.empty}</Empty>;
}

export function AuditPage() {
  usePageTitle(words.title);
  const address = useAddress();
  const audit = useAudit({ target: address.get("target"), cursor: address.get("cursor") });
  return (
    <div className="flex flex-col gap-5">
      <PageHead title={words.title} />
      <Card title={words.title} titleHidden>
        <Filter address={address} />
        <Part query={audit} skeleton="h-96 w-full">
          {(page) => (
            <>
              {page.entries.length === 0 ? (
                <Nothing address={address} />
              ) : (
                <AuditTable entries={page.entries} label={words.title} />
              )}
              <Pages address={address} next={page.nextCursor} />
            </>
          )}
        </Part>
      </Card>
    </div>
  );
}
