// The form of a tier. What it asks for is shown with whom it affects before it is asked.
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, read } from "../../api/client";
import type { TierView } from "../../api/shapes";
import { text } from "../../text";
import { adminText } from "../../text/admin";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { TextField } from "../../ui/Field";
import { ErrorPanel } from "../../ui/states";
import { changesOf } from "./difference";
import { ReasonField } from "./FormDialog";
import { LimitRows } from "./LimitRows";
import { TierPreviewDialog } from "./TierPreviewDialog";
import { type Resource, type TierBody, type TierForm, tierBody, tierForm } from "./tierForm";

const words = adminText.tier;
const { errors } = adminText;

interface EditorProps {
  /** What the form starts from. */
  start: TierView | null;
  /** Empty for a new tier. */
  name: string;
  /** The tier as it is in force; null for a new one. */
  before: TierView | null;
  /** Names that a new tier may not have. */
  taken: readonly string[];
  resources: readonly Resource[];
  onSaved: (saved: TierView) => void;
}

/** Whether a request would change anything of a tier. */
function isChanged(before: TierView | null, body: TierBody): boolean {
  if (!before) return true;
  const now = { rank: before.rank, limits: before.limits };
  return changesOf(now, { rank: body.rank, limits: body.limits }).length > 0;
}

/** Asks whom a request would affect. */
function usePreview() {
  return useMutation({
    networkMode: "always",
    mutationFn: async ({ name, body }: { name: string; body: TierBody }) => {
      const params = { path: { name } };
      const ask = { params, body: { limits: body.limits } };
      return { name, body, preview: await read(api.POST("/api/admin/tiers/{name}/preview", ask)) };
    },
  });
}

interface GeneralProps {
  form: TierForm;
  isNew: boolean;
  said: (field: string) => string | null;
  onChange: (part: Partial<TierForm>) => void;
}

function General({ form, isNew, said, onChange }: GeneralProps) {
  return (
    <Card title={words.general} titleHidden>
      <div className="grid max-w-3xl gap-4 sm:grid-cols-2">
        {isNew && (
          <TextField
            label={words.name}
            hint={words.nameHint}
            autoComplete="off"
            spellCheck={false}
            required
            value={form.name}
            onChange={(event) => onChange({ name: event.target.value.trim() })}
            error={said("name")}
          />
        )}
        <TextField
          label={words.rank}
          hint={isNew ? words.rankHintNew : words.rankHint}
          inputMode="numeric"
          autoComplete="off"
          value={form.rank}
          onChange={(event) => onChange({ rank: event.target.value })}
          error={said("rank")}
        />
      </div>
    </Card>
  );
}

export function TierEditor({ start, name, before, taken, resources, onSaved }: EditorProps) {
  const [form, setForm] = useState(() => tierForm(start, name, resources));
  const [isTried, setTried] = useState(false);
  const preview = usePreview();
  const isNew = before === null;
  const made = tierBody(form, resources, taken);
  const faults = isTried && "faults" in made ? made.faults : {};
  const said = (field: string) => {
    const fault = faults[field];
    return fault ? errors[fault] : null;
  };
  const isSame = "body" in made && !isChanged(before, made.body);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if ("body" in made && !isSame) preview.mutate({ name: form.name, body: made.body });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4" noValidate data-tier-form>
      <General form={form} isNew={isNew} said={said} onChange={(part) => setForm({ ...form, ...part })} />
      {resources.map((resource) => (
        <LimitRows
          key={resource.name}
          resource={resource}
          rows={form.limits[resource.name] ?? []}
          said={said}
          onChange={(rows) => setForm({ ...form, limits: { ...form.limits, [resource.name]: rows } })}
        />
      ))}
      <Card title={text.common.save} titleHidden>
        <div className="flex max-w-3xl flex-col gap-4">
          <ReasonField
            value={form.reason}
            onChange={(reason) => setForm({ ...form, reason })}
            error={said("reason")}
          />
          {preview.isError && <ErrorPanel thrown={preview.error} />}
          {isTried && (isSame || Object.keys(faults).length > 0) && (
            <p role="alert" className="text-sm text-exceeded-ink">
              {isSame ? words.unchanged : words.invalid}
            </p>
          )}
          <Button type="submit" kind="primary" busy={preview.isPending} className="self-start">
            {words.preview}
          </Button>
        </div>
      </Card>
      {preview.data && (
        <TierPreviewDialog
          {...preview.data}
          before={before}
          resources={resources}
          onSaved={onSaved}
          onClose={() => preview.reset()}
        />
      )}
    </form>
  );
}
