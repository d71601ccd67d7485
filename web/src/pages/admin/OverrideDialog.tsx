// Sets an override: what it replaces, until when, why, and what that changes.
import { useState } from "react";
import { api, read } from "../../api/client";
import type { LimitView, OverrideView } from "../../api/shapes";
import { useMe } from "../../app/me";
import { format } from "../../lib/format";
import { text } from "../../text";
import { adminText } from "../../text/admin";
import { Choice } from "../../ui/Choice";
import { Dialog } from "../../ui/Dialog";
import { SelectField, TextField } from "../../ui/Field";
import { amountOf } from "./amount";
import { Changes, type ShownChange } from "./Changes";
import { keys, useWrite } from "./data";
import { ChangeForm, ReasonField, saidOf } from "./FormDialog";
import {
  type Expiry,
  type OverrideBody,
  type OverrideField,
  type OverrideForm,
  overrideBody,
  overrideForm,
} from "./overrideForm";
import { capExact, capText, modeText, warningsText } from "./shown";
import { effective, type LimitRow, targetOf, withOverride } from "./userLimits";

const words = adminText.limits;
const { errors } = adminText;
const FIELDS: readonly OverrideField[] = ["cap", "warnAt", "expiresAt", "reason"];

interface PartProps {
  form: OverrideForm;
  set: (part: Partial<OverrideForm>) => void;
  said: (field: OverrideField) => string | null;
  row: LimitRow;
  unit: string;
}

function CapFields({ form, set, said, row, unit }: PartProps) {
  const read = form.capKind === "amount" ? amountOf(form.cap, unit) : null;
  const hint = unit === "bytes" ? words.capHintBytes : words.capHint(unit);
  const kinds = (["tier", "amount", "unlimited"] as const).map((value) => ({
    value,
    label: words.capKinds[value],
  }));
  return (
    <>
      <Choice
        label={words.capKind}
        labelHidden={false}
        options={kinds}
        value={form.capKind}
        onChange={(capKind) => set({ capKind })}
      />
      {form.capKind === "amount" ? (
        <TextField
          label={words.capAmount}
          hint={read === null ? hint : words.capRead(capExact(read, unit))}
          inputMode="text"
          autoComplete="off"
          value={form.cap}
          onChange={(event) => set({ cap: event.target.value })}
          error={said("cap")}
        />
      ) : (
        <>
          {form.capKind === "tier" && (
            <p className="text-sm text-soft">{words.keep(capText(row.limit.cap, unit))}</p>
          )}
          {said("cap") && (
            <p role="alert" className="text-sm text-exceeded-ink">
              {said("cap")}
            </p>
          )}
        </>
      )}
    </>
  );
}

function TermFields({ form, set, said, row }: PartProps) {
  return (
    <>
      <SelectField
        label={words.beyond}
        value={form.mode}
        onChange={(event) => set({ mode: event.target.value as OverrideForm["mode"] })}
      >
        <option value="">{words.keep(modeText(row.limit.mode))}</option>
        <option value="hard">{modeText("hard")}</option>
        <option value="soft">{modeText("soft")}</option>
      </SelectField>
      <TextField
        label={words.warnAt}
        hint={words.warnHint(warningsText(row.limit.warnAt))}
        autoComplete="off"
        value={form.warnAt}
        onChange={(event) => set({ warnAt: event.target.value })}
        error={said("warnAt")}
      />
    </>
  );
}

const EXPIRIES: readonly Expiry[] = ["keep", "1", "7", "30", "90", "date", "never"];

function endText(own: OverrideView | null): string {
  return own?.expiresAt ? format.dateTime(own.expiresAt) : words.noEnd;
}

function EndFields({ form, set, said, row }: PartProps) {
  const shown = EXPIRIES.filter((value) => value !== "keep" || row.own !== null);
  const error = said("expiresAt");
  return (
    <>
      <SelectField
        label={words.ends}
        value={form.expiry}
        onChange={(event) => set({ expiry: event.target.value as Expiry })}
        error={form.expiry === "date" ? null : error}
      >
        {shown.map((value) => (
          <option key={value} value={value}>
            {value === "keep" ? `${words.expiry.keep}: ${endText(row.own)}` : words.expiry[value]}
          </option>
        ))}
      </SelectField>
      {form.expiry === "date" && (
        <TextField
          label={words.date}
          hint={format.zone}
          type="datetime-local"
          value={form.date}
          onChange={(event) => set({ date: event.target.value })}
          error={error}
        />
      )}
    </>
  );
}

/** What the override will make of the limit, beside how it is now. */
function effectOf(row: LimitRow, body: OverrideBody, unit: string): ShownChange[] {
  const now = effective(row.limit, row.own);
  const next: LimitView = {
    ...row.limit,
    cap: body.cap ?? row.limit.cap,
    mode: body.mode ?? row.limit.mode,
    warnAt: body.warnAt ?? row.limit.warnAt,
  };
  const end = body.expiresAt ? format.dateTime(body.expiresAt) : words.noEnd;
  const rows = [
    { key: "cap", name: words.cap, before: capText(now.cap, unit), after: capText(next.cap, unit) },
    { key: "mode", name: words.beyond, before: modeText(now.mode), after: modeText(next.mode) },
    { key: "warnAt", name: words.warnAt, before: warningsText(now.warnAt), after: warningsText(next.warnAt) },
    { key: "ends", name: words.ends, before: row.own ? endText(row.own) : null, after: end },
  ];
  return rows.filter((change) => change.before !== change.after);
}

function Effect({ changes }: { changes: readonly ShownChange[] }) {
  return (
    <div className="rounded-lg bg-sunk p-3 text-sm" data-effect>
      <p className="font-medium">{words.effect}</p>
      {changes.length === 0 ? <p className="text-soft">{words.noEffect}</p> : <Changes changes={changes} />}
    </div>
  );
}

/** The request, and the override as it will be until the answer says so. */
function useSend(user: string, row: LimitRow, onClose: () => void) {
  const me = useMe();
  const limit = targetOf(row);
  const path = { id: user, resource: row.resource };
  const query = limit === null ? {} : { limit };
  return useWrite({
    send: (body: OverrideBody) =>
      read(api.PUT("/api/admin/users/{id}/overrides/{resource}", { params: { path, query }, body })),
    guess: (body) => ({
      key: keys.overrides(user),
      change: (before) => {
        const blank = { cap: null, mode: null, warnAt: null, expiresAt: null, inForce: true };
        const about = { userId: user, resourceType: row.resource, limit, author: `user:${me?.id ?? ""}` };
        const { overrides } = before as { overrides: OverrideView[] };
        return { overrides: withOverride(overrides, { ...blank, ...about, ...body }) };
      },
    }),
    said: () => words.saved,
    onDone: onClose,
  });
}

interface OverrideProps {
  user: string;
  row: LimitRow;
  unit: string;
  onClose: () => void;
}

export function OverrideDialog({ user, row, unit, onClose }: OverrideProps) {
  // As it was when the dialog opened, whatever is shown behind it meanwhile.
  const [at] = useState(row);
  const [form, setForm] = useState(() => overrideForm(at.own, at.limit, unit, words.noneWord));
  const [isTried, setTried] = useState(false);
  const write = useSend(user, at, onClose);
  const around = { own: at.own, unit, now: new Date(), none: words.noneWord };
  const made = overrideBody(form, around);
  // A reason is the last to be written: what changes is shown before there is one.
  const tried = overrideBody({ ...form, reason: form.reason.trim() || "-" }, around);
  const changes = "body" in tried ? effectOf(at, tried.body, unit) : [];
  const said = (field: OverrideField) => {
    const fault = isTried && "faults" in made ? made.faults[field] : undefined;
    return fault ? errors[fault] : saidOf(write.error, field);
  };
  const submit = () => {
    setTried(true);
    if ("body" in made) write.mutate(made.body);
  };
  const set = (part: Partial<OverrideForm>) => setForm((before) => ({ ...before, ...part }));
  const parts = { form, set, said, row: at, unit };
  const name = `${text.common.resource(at.resource)} · ${at.limit.name}`;
  return (
    <Dialog title={words.dialogTitle(name)} isOpen onClose={onClose}>
      <ChangeForm
        action={words.save}
        busy={write.isPending}
        error={write.error}
        fields={FIELDS}
        onSubmit={submit}
        onClose={onClose}
      >
        <CapFields {...parts} />
        <TermFields {...parts} />
        <EndFields {...parts} />
        <Effect changes={changes} />
        <ReasonField value={form.reason} onChange={(reason) => set({ reason })} error={said("reason")} />
      </ChangeForm>
    </Dialog>
  );
}
