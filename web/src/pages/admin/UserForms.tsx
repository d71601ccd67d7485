// The forms that change a user. Each shows its change at once and takes it back if it is refused.
import { useState } from "react";
import { api, read } from "../../api/client";
import type { UserView } from "../../api/shapes";
import { format } from "../../lib/format";
import { text } from "../../text";
import { adminText } from "../../text/admin";
import { SelectField } from "../../ui/Field";
import { Changes } from "./Changes";
import { keys, useTiers, useWrite } from "./data";
import { ChangeForm, ReasonField, saidOf, TypedName } from "./FormDialog";
import { reasonFault } from "./reason";

const words = adminText.user;
const { errors } = adminText;

interface FormProps {
  user: UserView;
  onClose: () => void;
}

/** A reason, and what is wrong with it: told once sending was tried. */
function useReason(error: unknown) {
  const [reason, setReason] = useState("");
  const [isTried, setTried] = useState(false);
  const fault = reasonFault(reason);
  /** Whether it can be sent; if not, it is said from now on why. */
  const isFit = () => {
    setTried(true);
    return fault === null;
  };
  const said = isTried && fault ? errors[fault] : saidOf(error, "reason");
  const field = <ReasonField value={reason} onChange={setReason} error={said} />;
  return { reason: reason.trim(), isFit, field };
}

const part = (id: string, change: Partial<UserView>) => ({
  key: keys.user(id),
  change: (before: unknown) => ({ ...(before as UserView), ...change }),
});

export function TierForm({ user, onClose }: FormProps) {
  const [tier, setTier] = useState(user.tier);
  const tiers = useTiers();
  const params = { path: { id: user.id } };
  const write = useWrite({
    send: (body: { tier: string; reason: string }) =>
      read(api.PUT("/api/admin/users/{id}/tier", { params, body })),
    guess: (body) => part(user.id, { tier: body.tier }),
    said: (done) => words.tierDone(text.common.tier(done.tier)),
    onDone: onClose,
  });
  const { reason, isFit, field } = useReason(write.error);
  const names = new Set([user.tier, ...(tiers.data?.tiers ?? []).map((one) => one.name)]);
  const [before, after] = [text.common.tier(user.tier), text.common.tier(tier)];
  return (
    <ChangeForm
      action={words.tierTitle}
      busy={write.isPending}
      error={write.error}
      fields={["tier", "reason"]}
      ready={tier !== user.tier}
      onSubmit={() => isFit() && write.mutate({ tier, reason })}
      onClose={onClose}
    >
      <p className="text-soft">{words.tierText}</p>
      <SelectField
        label={words.tier}
        value={tier}
        onChange={(event) => setTier(event.target.value)}
        error={saidOf(write.error, "tier")}
      >
        {[...names].map((name) => (
          <option key={name} value={name}>
            {text.common.tier(name)}
          </option>
        ))}
      </SelectField>
      {tier !== user.tier && <Changes changes={[{ key: "tier", name: words.tier, before, after }]} />}
      {field}
    </ChangeForm>
  );
}

const ROLES = ["student", "subscriber", "admin", "service"] as const;
const roleText = (role: string) => text.common.roles[role] ?? role;

export function RoleForm({ user, onClose }: FormProps) {
  const [role, setRole] = useState(user.role);
  const params = { path: { id: user.id } };
  const write = useWrite({
    send: (body: { role: UserView["role"]; reason: string }) =>
      read(api.PUT("/api/admin/users/{id}/role", { params, body })),
    guess: (body) => part(user.id, { role: body.role }),
    said: (done) => words.roleDone(roleText(done.role)),
    onDone: onClose,
  });
  const { reason, isFit, field } = useReason(write.error);
  const [before, after] = [roleText(user.role), roleText(role)];
  return (
    <ChangeForm
      action={words.roleTitle}
      busy={write.isPending}
      error={write.error}
      fields={["role", "reason"]}
      ready={role !== user.role}
      onSubmit={() => isFit() && write.mutate({ role, reason })}
      onClose={onClose}
    >
      <p className="text-soft">{words.roleText}</p>
      <SelectField
        label={words.role}
        value={role}
        onChange={(event) => setRole(event.target.value as UserView["role"])}
        error={saidOf(write.error, "role")}
      >
        {ROLES.map((name) => (
          <option key={name} value={name}>
            {roleText(name)}
          </option>
        ))}
      </SelectField>
      {role !== user.role && <Changes changes={[{ key: "role", name: words.role, before, after }]} />}
      {field}
    </ChangeForm>
  );
}

/** Shuts an open account, opens a shut one. */
export function ShutForm({ user, onClose }: FormProps) {
  const isShutting = !user.disabled;
  const [isSure, setSure] = useState(!isShutting);
  const params = { path: { id: user.id } };
  const write = useWrite({
    send: (body: { disabled: boolean; reason: string }) =>
      read(api.PUT("/api/admin/users/{id}/disabled", { params, body })),
    guess: (body) => part(user.id, { disabled: body.disabled }),
    said: (done) => (done.disabled ? words.shutDone : words.openDone),
    onDone: onClose,
  });
  const { reason, isFit, field } = useReason(write.error);
  return (
    <ChangeForm
      action={isShutting ? words.shut : words.open}
      kind={isShutting ? "danger" : "primary"}
      busy={write.isPending}
      error={write.error}
      fields={["reason"]}
      ready={isSure}
      onSubmit={() => isFit() && write.mutate({ disabled: isShutting, reason })}
      onClose={onClose}
    >
      <p className="text-soft">{isShutting ? words.shutText : words.openText}</p>
      {field}
      {isShutting && <TypedName name={user.email ?? user.id} onMatch={setSure} />}
    </ChangeForm>
  );
}

export function EraseForm({ user, onClose }: FormProps) {
  const [isSure, setSure] = useState(false);
  const params = { path: { id: user.id } };
  const write = useWrite({
    send: (body: { reason: string }) => read(api.DELETE("/api/admin/users/{id}/memories", { params, body })),
    said: (done) =>
      words.eraseDone(format.whole(done.memories_forgotten), format.bytes(done.bytes_given_back)),
    onDone: onClose,
  });
  const { reason, isFit, field } = useReason(write.error);
  return (
    <ChangeForm
      action={words.erase}
      kind="danger"
      busy={write.isPending}
      error={write.error}
      fields={["reason"]}
      ready={isSure}
      onSubmit={() => isFit() && write.mutate({ reason })}
      onClose={onClose}
    >
      <p className="text-soft">{words.eraseText}</p>
      {field}
      <TypedName name={user.email ?? user.id} onMatch={setSure} />
    </ChangeForm>
  );
}
