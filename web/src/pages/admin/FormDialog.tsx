// A change in a dialog: its fields, its reason, and what the server says against it.
import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { asProblem } from "../../app/problem";
import { text } from "../../text";
import { adminText } from "../../text/admin";
import { Button } from "../../ui/Button";
import { TextField } from "../../ui/Field";
import { ErrorPanel } from "../../ui/states";
import { REASON_CHARS_MAX } from "./reason";

interface ReasonProps {
  value: string;
  onChange: (next: string) => void;
  error: string | null | undefined;
}

export function ReasonField({ value, onChange, error }: ReasonProps) {
  return (
    <TextField
      label={text.common.reason}
      hint={text.common.reasonHint}
      name="reason"
      required
      maxLength={REASON_CHARS_MAX}
      autoComplete="off"
      value={value}
      onChange={(event) => onChange(event.target.value)}
      error={error}
    />
  );
}

interface ChangeFormProps {
  action: string;
  kind?: "primary" | "danger";
  busy: boolean;
  /** What the last try threw; null if it did not. */
  error: unknown;
  /** The problem's fields that the form shows itself. */
  fields: readonly string[];
  onSubmit: () => void;
  onClose: () => void;
  /** Whether it can be sent now. */
  ready?: boolean;
  children: ReactNode;
}

/** What the server says of a field of the form; null for others. */
export function saidOf(error: unknown, field: string): string | null {
  if (error === null) return null;
  const problem = asProblem(error);
  return problem.field === field ? problem.message : null;
}

export function ChangeForm(props: ChangeFormProps) {
  const { action, kind = "primary", busy, error, fields, onSubmit, onClose, ready = true, children } = props;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit();
  };
  const isElsewhere = error !== null && !fields.includes(asProblem(error).field ?? "");
  return (
    <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
      {children}
      {isElsewhere && <ErrorPanel thrown={error} />}
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onClose}>{text.common.cancel}</Button>
        <Button type="submit" kind={kind} busy={busy} disabled={!ready}>
          {action}
        </Button>
      </div>
    </form>
  );
}

interface TypedNameProps {
  /** What has to be typed. */
  name: string;
  onMatch: (isMatch: boolean) => void;
}

/** Nothing that can't be taken back happens by one press. */
export function TypedName({ name, onMatch }: TypedNameProps) {
  const [typed, setTyped] = useState("");
  const isMatch = typed.trim() === name;
  // biome-ignore lint/correctness/useExhaustiveDependencies: told when it changes, not when the teller does.
  useEffect(() => onMatch(isMatch), [isMatch]);
  return (
    <TextField
      label={adminText.user.confirm(name)}
      autoComplete="off"
      spellCheck={false}
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
    />
  );
}
