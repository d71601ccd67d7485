// Pages that stand in for another.
import { Link } from "wouter";
import { text } from "../text";
import { buttonLook } from "../ui/Button";
import { Empty, Loading, Skeleton } from "../ui/states";
import { usePageTitle } from "./title";

export function Starting() {
  return (
    <Loading>
      <Skeleton className="mb-6 h-9 w-40" />
      <div className="grid gap-4 sm:grid-cols-2 xl:grid-cols-4">
        {["a", "b", "c", "d"].map((key) => (
          <Skeleton key={key} className="h-56 w-full rounded-xl" />
        ))}
      </div>
    </Loading>
  );
}

function Instead({ title, more }: { title: string; more: string }) {
  usePageTitle(title);
  return (
    <>
      <h1 className="sr-only">{title}</h1>
      <Empty
        title={title}
        action={
          <Link href="/usage" className={buttonLook("plain")}>
            {text.common.problem.toUsage}
          </Link>
        }
      >
        {more}
      </Empty>
    </>
  );
}

export const NotFound = () => (
  <Instead title={text.common.problem.notFoundTitle} more={text.common.problem.notFound} />
);

export const Forbidden = () => (
  <Instead title={text.common.problem.forbiddenTitle} more={text.common.problem.forbidden} />
);
