// A question that has to be answered first: the browser's own dialog, with its focus and its Escape.
import { type ReactNode, useEffect, useId, useRef } from "react";
import { text } from "../text";
import { Button } from "./Button";

interface DialogProps {
  title: string;
  isOpen: boolean;
  /** By Escape, the cross, or a button of the caller's. */
  onClose: () => void;
  children: ReactNode;
  wide?: boolean;
}

export function Dialog({ title, isOpen, onClose, children, wide = false }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const opener = useRef<Element | null>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (!dialog) return;
    if (isOpen && !dialog.open) {
      opener.current = document.activeElement;
      dialog.showModal();
    }
    if (!isOpen && dialog.open) {
      opener.current = null;
      dialog.close();
    }
  }, [isOpen]);
  // A dialog that goes while it is open does not give the focus back by itself.
  useEffect(
    () => () => {
      if (opener.current instanceof HTMLElement) opener.current.focus();
    },
    [],
  );
  return (
    <dialog
      ref={ref}
      aria-labelledby={id}
      onClose={onClose}
      className={`m-auto w-[calc(100vw-2rem)] rounded-xl border border-line bg-card p-5 text-ink shadow-card ${
        wide ? "max-w-3xl" : "max-w-lg"
      }`}
    >
      {isOpen && (
        <>
          <div className="mb-3 flex items-start justify-between gap-3">
            <h2 id={id} className="text-lg font-semibold break-words min-w-0">
              {title}
            </h2>
            <Button kind="quiet" small icon="close" aria-label={text.common.close} onClick={onClose} />
          </div>
          {children}
        </>
      )}
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  children: ReactNode;
  action: string;
  isOpen: boolean;
  busy: boolean;
  onConfirm: () => void;
  onClose: () => void;
  /** Whether the action can be taken now. */
  ready?: boolean;
}

/** Asks before something that can't be taken back. */
export function Confirm({
  title,
  children,
  action,
  isOpen,
  busy,
  onConfirm,
  onClose,
  ready = true,
}: ConfirmProps) {
  return (
    <Dialog title={title} isOpen={isOpen} onClose={onClose}>
      <div className="text-soft">{children}</div>
      <div className="mt-5 flex flex-wrap justify-end gap-2">
        <Button onClick={onClose}>{text.common.cancel}</Button>
        <Button kind="danger" busy={busy} disabled={!ready} onClick={onConfirm}>
          {action}
        </Button>
      </div>
    </Dialog>
  );
}
