// One banner for all limits that are near or reached, with what the next plan gives.
import { useEffect, useRef, useState } from "react";
import type { Limits, ResourceLimits, Upgrade } from "../../api/shapes";
import { useMe } from "../../app/me";
import { format } from "../../lib/format";
import type { Level } from "../../lib/level";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { CopyButton } from "../../ui/Copy";
import { Dialog } from "../../ui/Dialog";
import { Icon } from "../../ui/icons";
import { isNotIncluded, type Standing, standingOf } from "./standing";

const words = text.usage.warning;

interface Alarm {
  resource: ResourceLimits;
  standing: Standing;
}

function alarms(limits: Limits, level: Level): Alarm[] {
  return limits.resources
    .map((resource) => ({ resource, standing: standingOf(resource) }))
    .filter(
      ({ standing }) => standing.level === level && !(standing.tightest && isNotIncluded(standing.tightest)),
    );
}

const named = (list: readonly Alarm[]) =>
  list
    .map(({ resource, standing }) =>
      words.item(text.common.resource(resource.resourceType), format.percent(standing.percent ?? 0)),
    )
    .join(", ");

/** What the next plan allows of the resources that are short, or of all. */
function gives(upgrade: Upgrade, resources: readonly ResourceLimits[]): string {
  const parts = resources.map((resource) => {
    const limits = upgrade.limits.filter((limit) => limit.resourceType === resource.resourceType);
    const name = text.common.resource(resource.resourceType);
    const least = limits.filter((limit) => limit.cap >= 0)[0];
    if (!least) return words.givesUnlimited(name);
    return words.gives(format.amount(least.cap, resource.unit), text.common.per(least.window));
  });
  return new Intl.ListFormat(undefined, { type: "conjunction" }).format(parts);
}

/** A warning is hidden for the window it is about; the next one shows it again. */
function useHidden(key: string): [boolean, () => void] {
  const name = "novacore.hidden-warning";
  const read = () => {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  };
  const [hidden, setHidden] = useState(read);
  const hide = () => {
    setHidden(key);
    try {
      localStorage.setItem(name, key);
    } catch {
      // It comes back with the next load.
    }
  };
  return [hidden === key, hide];
}

function UpgradeCall({ limits, short }: { limits: Limits; short: readonly ResourceLimits[] }) {
  const [isOpen, setOpen] = useState(false);
  const me = useMe();
  const { upgrade } = limits;
  if (!upgrade) return <p className="mt-1">{words.topTier}</p>;
  const next = text.common.tier(upgrade.tier);
  const mail = words.upgradeMail(me?.email ?? limits.userId, text.common.tier(limits.tier), next);
  return (
    <>
      <p className="mt-1">{words.upgrade(next, gives(upgrade, short))}</p>
      <Button kind="primary" small icon="up" className="no-print mt-3" onClick={() => setOpen(true)}>
        {words.upgradeAction(next)}
      </Button>
      <Dialog title={words.upgradeTitle(next)} isOpen={isOpen} onClose={() => setOpen(false)}>
        <p className="mb-3">{words.upgrade(next, gives(upgrade, limits.resources))}</p>
        <p className="text-sm text-soft">{words.upgradeText}</p>
        <p className="my-3 rounded-lg bg-sunk p-3 text-sm break-words">{mail}</p>
        <CopyButton value={mail} />
      </Dialog>
    </>
  );
}

/** Says a change of level once to who does not see the page; not every figure that moves. */
function LevelNews({ limits }: { limits: Limits }) {
  const before = useRef<Record<string, Level> | null>(null);
  const [news, setNews] = useState("");
  useEffect(() => {
    const levels = Object.fromEntries(
      limits.resources.map((one) => [one.resourceType, standingOf(one).level]),
    );
    const changed = Object.entries(levels).filter(
      ([name, level]) => before.current && before.current[name] !== level,
    );
    before.current = levels;
    if (changed.length === 0) return;
    const said = changed.map(([name, level]) =>
      text.usage.levelChanged(text.common.resource(name), text.common.level[level]),
    );
    setNews(said.join(". "));
  }, [limits]);
  return (
    <p role="status" className="sr-only">
      {news}
    </p>
  );
}

export function Warnings({ limits, isOwn }: { limits: Limits; isOwn: boolean }) {
  const reached = alarms(limits, "exceeded");
  const near = alarms(limits, "warning");
  const all = [...reached, ...near];
  const key = all
    .map(({ resource, standing }) => `${resource.resourceType}@${standing.tightest?.resetsAt ?? ""}`)
    .join();
  const [isHidden, hide] = useHidden(`${limits.userId}:${key}`);
  const isReached = reached.length > 0;
  const isShown = isReached || (near.length > 0 && !isHidden);
  const look = isReached ? "border-exceeded bg-exceeded-soft" : "border-warning-edge bg-warning-soft";
  return (
    <>
      <LevelNews limits={limits} />
      {isShown && (
        <section aria-label={isReached ? text.common.level.exceeded : text.common.level.warning}>
          <div
            className={`flex items-start gap-3 rounded-xl border p-4 text-sm ${look}`}
            data-warning={isReached ? "exceeded" : "warning"}
          >
            <span className={isReached ? "text-exceeded-ink" : "text-warning-ink"}>
              <Icon name={isReached ? "stop" : "warning"} size={20} />
            </span>
            <div className="min-w-0 flex-1">
              {isReached && <p className="font-semibold">{words.reached(named(reached))}</p>}
              {near.length > 0 && <p className="font-semibold">{words.near(named(near))}</p>}
              <p>{isReached ? words.refused : words.atFull}</p>
              {isOwn && <UpgradeCall limits={limits} short={all.map(({ resource }) => resource)} />}
            </div>
            {!isReached && (
              <Button kind="quiet" small icon="close" aria-label={words.dismiss} onClick={hide} />
            )}
          </div>
        </section>
      )}
    </>
  );
}
