// How full a limit is. The level is a colour, a word and an icon; the bar is full at 100 %, the text goes on.
import type { Level } from "../lib/level";
import { text } from "../text";
import { Icon, type IconName } from "./icons";

const BARS: Record<Level, string> = {
  ok: "bg-ok",
  warning: "bg-warning border border-warning-edge",
  exceeded: "bg-exceeded",
  none: "bg-ok",
};

const ICONS: Record<Level, IconName> = {
  ok: "check",
  warning: "warning",
  exceeded: "stop",
  none: "infinity",
};

const BADGES: Record<Level, string> = {
  ok: "bg-ok-soft text-ink",
  warning: "bg-warning-soft text-warning-ink",
  exceeded: "bg-exceeded-soft text-exceeded-ink",
  none: "bg-sunk text-soft",
};

export function LevelBadge({ level }: { level: Level }) {
  return (
    <span
      data-level={level}
      className={`inline-flex items-center gap-1 rounded-full px-2 py-0.5 text-xs font-medium ${BADGES[level]}`}
    >
      <Icon name={ICONS[level]} size={14} />
      {text.common.level[level]}
    </span>
  );
}

interface MeterProps {
  label: string;
  percent: number;
  level: Level;
  /** What the bar says in words. */
  value: string;
}

export function Meter({ label, percent, level, value }: MeterProps) {
  const width = Math.max(0, Math.min(100, percent));
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(width)}
      aria-valuetext={value}
      className="h-2.5 overflow-hidden rounded-full bg-track forced-colors:border"
    >
      <div
        className={`h-full rounded-full transition-[width] duration-300 forced-colors:bg-[Highlight] ${BARS[level]}`}
        style={{ width: `${width}%` }}
      />
    </div>
  );
}
