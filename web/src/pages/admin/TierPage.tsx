// One tier: its rank and its limits, and whom a change affects before it is made.
import { useState } from "react";
import { Link, useLocation } from "wouter";
import type { TierList, TierView } from "../../api/shapes";
import { usePageTitle } from "../../app/title";
import { text } from "../../text";
import { adminText } from "../../text/admin";
import { buttonLook } from "../../ui/Button";
import { SelectField } from "../../ui/Field";
import { Empty } from "../../ui/states";
import { useLimits } from "../usage/data";
import { useResources, useTiers } from "./data";
import { Part } from "./Part";
import { PageHead, tierHref } from "./parts";
import { TierEditor } from "./TierEditor";
import { namesOf } from "./TiersPage";
import type { Resource } from "./tierForm";

const words = adminText.tier;

function Members({ name }: { name: string }) {
  return (
    <Link href={`/admin/users?tier=${encodeURIComponent(name)}`} className={buttonLook("plain")}>
      {adminText.tiers.members}
    </Link>
  );
}

function Missing() {
  const { missingTitle, toTiers } = adminText.tiers;
  return (
    <>
      <h1 className="sr-only">{missingTitle}</h1>
      <Empty
        title={missingTitle}
        action={
          <Link href="/admin/tiers" className={buttonLook("plain")}>
            {toTiers}
          </Link>
        }
      />
    </>
  );
}

/** All resources, those too that only this tier still names. */
function resourcesOf(tier: TierView | null, known: readonly Resource[]): Resource[] {
  return namesOf(tier ? [tier] : [], known).map(
    (name) => known.find((one) => one.name === name) ?? { name, unit: "", isLevel: false },
  );
}

/** The tiers once the resources are known too, since a cap is written in its resource's unit. */
function WithTiers({
  children,
}: {
  children: (list: TierList, known: readonly Resource[]) => React.ReactNode;
}) {
  const tiers = useTiers();
  const limits = useLimits();
  const known = useResources();
  return (
    <Part query={limits} skeleton="h-96 w-full rounded-xl">
      {() => (
        <Part query={tiers} skeleton="h-96 w-full rounded-xl">
          {(list) => children(list, known ?? [])}
        </Part>
      )}
    </Part>
  );
}

export function TierPage({ name }: { name: string }) {
  const title = words.title(text.common.tier(name));
  usePageTitle(title);
  return (
    <div className="flex flex-col gap-5">
      <PageHead title={title} about={<code>{name}</code>} aside={<Members name={name} />} />
      <WithTiers>
        {(list, known) => {
          const tier = list.tiers.find((one) => one.name === name) ?? null;
          if (!tier) return <Missing />;
          // What was saved is what the form starts from again; what comes meanwhile does not disturb it.
          return <SavedTier tier={tier} resources={resourcesOf(tier, known)} />;
        }}
      </WithTiers>
    </div>
  );
}

function SavedTier({ tier, resources }: { tier: TierView; resources: readonly Resource[] }) {
  const [start, setStart] = useState(tier);
  const [saves, setSaves] = useState(0);
  const done = (saved: TierView) => {
    setStart(saved);
    setSaves(saves + 1);
  };
  return (
    <TierEditor
      key={saves}
      start={start}
      name={tier.name}
      before={tier}
      taken={[]}
      resources={resources}
      onSaved={done}
    />
  );
}

export function NewTierPage() {
  usePageTitle(adminText.tiers.newTitle);
  return (
    <div className="flex flex-col gap-5">
      <PageHead title={adminText.tiers.newTitle} />
      <WithTiers>{(list, known) => <NewTier tiers={list.tiers} known={known} />}</WithTiers>
    </div>
  );
}

function NewTier({ tiers, known }: { tiers: readonly TierView[]; known: readonly Resource[] }) {
  const [from, setFrom] = useState("");
  const [, navigate] = useLocation();
  const start = tiers.find((one) => one.name === from) ?? null;
  return (
    <div className="flex flex-col gap-4">
      <div className="max-w-md">
        <SelectField label={words.startFrom} value={from} onChange={(event) => setFrom(event.target.value)}>
          <option value="">{words.nothing}</option>
          {tiers.map((tier) => (
            <option key={tier.name} value={tier.name}>
              {text.common.tier(tier.name)}
            </option>
          ))}
        </SelectField>
      </div>
      <TierEditor
        key={from}
        start={start}
        name=""
        before={null}
        taken={tiers.map((tier) => tier.name)}
        resources={resourcesOf(start, known)}
        onSaved={(saved) => navigate(tierHref(saved.name))}
      />
    </div>
  );
}
