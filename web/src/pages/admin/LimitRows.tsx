// The limits of one resource in the form of a tier.
import { text } from "../../text";
import { adminText } from "../../text/admin";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { SelectField, TextField } from "../../ui/Field";
import { amountOf } from "./amount";
import { capExact, modeText } from "./shown";
import { addedLimit, type LimitForm, type Resource, WINDOWS } from "./tierForm";

const words = adminText.tier;

interface RowProps {
  row: LimitForm;
  label: string;
  resource: Resource;
  said: (field: string) => string | null;
  onChange: (part: Partial<LimitForm>) => void;
  onRemove: () => void;
}

function CapField({ row, resource, said, onChange }: Omit<RowProps, "label" | "onRemove">) {
  const read = row.isUnlimited ? null : amountOf(row.cap, resource.unit);
  return (
    <div className="min-w-0">
      <TextField
        label={words.cap}
        hint={read === null ? undefined : capExact(read, resource.unit)}
        autoComplete="off"
        disabled={row.isUnlimited}
        placeholder={row.isUnlimited ? words.capUnlimited : undefined}
        value={row.isUnlimited ? "" : row.cap}
        onChange={(event) => onChange({ cap: event.target.value })}
        error={said(`${row.key}.cap`)}
      />
      <label className="mt-1 flex min-h-6 items-center gap-2 text-sm">
        <input
          type="checkbox"
          className="size-5 accent-accent"
          checked={row.isUnlimited}
          onChange={(event) => onChange({ isUnlimited: event.target.checked })}
        />
        {words.capUnlimited}
      </label>
    </div>
  );
}

function WindowField({ row, resource, onChange }: Pick<RowProps, "row" | "resource" | "onChange">) {
  // What is held now has no window but the whole of time.
  const windows = resource.isLevel ? (["lifetime"] as const) : WINDOWS;
  const change = (window: LimitForm["window"]) =>
    // A limit that is named by its window goes on to be.
    onChange(row.name === row.window ? { window, name: window } : { window });
  return (
    <SelectField
      label={words.window}
      value={row.window}
      onChange={(event) => change(event.target.value as LimitForm["window"])}
    >
      {windows.map((window) => (
        <option key={window} value={window}>
          {words.windows[window]}
        </option>
      ))}
    </SelectField>
  );
}

function Row({ row, label, resource, said, onChange, onRemove }: RowProps) {
  return (
    <fieldset className="border-t border-line pt-3" data-limit-row={row.name}>
      <legend className="sr-only">{label}</legend>
      <div className="grid items-start gap-3 sm:grid-cols-2 xl:grid-cols-[1fr_1.4fr_1fr_1.2fr_1.2fr_auto]">
        <TextField
          label={words.limit}
          autoComplete="off"
          spellCheck={false}
          value={row.name}
          onChange={(event) => onChange({ name: event.target.value })}
          error={said(`${row.key}.name`)}
        />
        <CapField row={row} resource={resource} said={said} onChange={onChange} />
        <WindowField row={row} resource={resource} onChange={onChange} />
        <SelectField
          label={words.beyond}
          value={row.mode}
          onChange={(event) => onChange({ mode: event.target.value as LimitForm["mode"] })}
        >
          <option value="hard">{modeText("hard")}</option>
          <option value="soft">{modeText("soft")}</option>
        </SelectField>
        <TextField
          label={words.warnAt}
          hint={words.warnHint}
          autoComplete="off"
          value={row.warnAt}
          onChange={(event) => onChange({ warnAt: event.target.value })}
          error={said(`${row.key}.warnAt`)}
        />
        <Button
          kind="danger"
          className="self-start justify-self-start xl:mt-6"
          aria-label={words.removeOf(label)}
          onClick={onRemove}
        >
          {words.remove}
        </Button>
      </div>
    </fieldset>
  );
}

interface RowsProps {
  resource: Resource;
  rows: readonly LimitForm[];
  said: (field: string) => string | null;
  onChange: (rows: readonly LimitForm[]) => void;
}

export function LimitRows({ resource, rows, said, onChange }: RowsProps) {
  const name = text.common.resource(resource.name);
  const change = (key: number, part: Partial<LimitForm>) =>
    onChange(rows.map((row) => (row.key === key ? { ...row, ...part } : row)));
  const add = (
    <Button
      small
      aria-label={words.addLimitOf(name)}
      onClick={() => onChange([...rows, addedLimit(rows, resource)])}
    >
      {words.addLimit}
    </Button>
  );
  return (
    <Card title={name} aside={add} className="min-w-0">
      <div className="flex flex-col gap-4" data-limit-rows={resource.name}>
        {rows.length === 0 && <p className="text-sm text-soft">{words.noLimits}</p>}
        {rows.map((row, index) => (
          <Row
            key={row.key}
            row={row}
            label={words.nth(name, index + 1)}
            resource={resource}
            said={said}
            onChange={(part) => change(row.key, part)}
            onRemove={() => onChange(rows.filter((one) => one.key !== row.key))}
          />
        ))}
      </div>
    </Card>
  );
}
