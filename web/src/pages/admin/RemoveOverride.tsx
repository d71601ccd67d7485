// Takes an override away: the tier's limit is in force again.
import { useState } from "react";
import { api, read } from "../../api/client";
import type { OverrideView } from "../../api/shapes";
import { adminText } from "../../text/admin";
import { Dialog } from "../../ui/Dialog";
import { keys, useWrite } from "./data";
import { ChangeForm, ReasonField, saidOf } from "./FormDialog";
import { reasonFault } from "./reason";
import { without } from "./userLimits";

const words = adminText.limits;

export interface RemovedOverride {
  resource: string;
  /** As the override names it: null is the resource's first limit. */
  limit: string | null;
  name: string;
}

interface RemoveProps {
  user: string;
  of: RemovedOverride;
  onClose: () => void;
}

export function RemoveOverride({ user, of, onClose }: RemoveProps) {
  const [reason, setReason] = useState("");
  const [isTried, setTried] = useState(false);
  const path = { id: user, resource: of.resource };
  const write = useWrite({
    send: (why: string) => {
      const query = { reason: why, ...(of.limit === null ? {} : { limit: of.limit }) };
      return read(api.DELETE("/api/admin/users/{id}/overrides/{resource}", { params: { path, query } }));
    },
    guess: () => ({
      key: keys.overrides(user),
      change: (before) => {
        const { overrides } = before as { overrides: OverrideView[] };
        return { overrides: without(overrides, of.resource, of.limit) };
      },
    }),
    said: () => words.removed,
    onDone: onClose,
  });
  const fault = reasonFault(reason);
  const submit = () => {
    setTried(true);
    if (!fault) write.mutate(reason.trim());
  };
  return (
    <Dialog title={words.removeTitle(of.name)} isOpen onClose={onClose}>
      <ChangeForm
        action={words.remove}
        kind="danger"
        busy={write.isPending}
        error={write.error}
        fields={["reason"]}
        onSubmit={submit}
        onClose={onClose}
      >
        <p className="text-soft">{words.removeText}</p>
        <ReasonField
          value={reason}
          onChange={setReason}
          error={isTried && fault ? adminText.errors[fault] : saidOf(write.error, "reason")}
        />
      </ChangeForm>
    </Dialog>
  );
}
