// How many memories can be found by meaning.
import type { EmbeddingProgress } from "../../api/shapes";
import { format } from "../../lib/format";
import { adminText } from "../../text/admin";
import { Meter } from "../../ui/Meter";
import { cellLook, numberLook, TableFrame, tableLook } from "../../ui/Table";
import { Badge, Fact, HeadRow } from "./parts";

const words = adminText.health;

function Bar({ progress }: { progress: EmbeddingProgress }) {
  const all = progress.embedded + progress.waiting;
  if (all === 0) return <p className="mt-2 text-sm text-soft">{words.noMemories}</p>;
  const value = words.progress(format.whole(progress.embedded), format.whole(all));
  return (
    <div className="mt-3">
      <Meter label={words.embeddings} percent={(progress.embedded / all) * 100} level="ok" value={value} />
      <p className="mt-1 text-sm">{value}</p>
    </div>
  );
}

function Models({ models }: { models: EmbeddingProgress["models"] }) {
  if (models.length < 2) return null;
  return (
    <div className="mt-3">
      <TableFrame label={words.model}>
        <table className={tableLook}>
          <thead>
            <HeadRow heads={[{ name: words.model }, { name: words.memories, isNumber: true }]} />
          </thead>
          <tbody>
            {models.map((one) => (
              <tr key={one.model ?? ""}>
                <td className={`${cellLook} break-all`}>{one.model ?? words.noModel}</td>
                <td className={`${cellLook} ${numberLook}`}>{format.whole(one.memories)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableFrame>
    </div>
  );
}

export function Embeddings({ progress }: { progress: EmbeddingProgress }) {
  return (
    <div data-embeddings={progress.available}>
      <dl>
        <Fact name={words.model}>
          <span className="break-all">{progress.model}</span>
        </Fact>
        <Fact name={words.dimensions}>{format.whole(progress.dimensions)}</Fact>
        <Fact name={words.state}>
          <Badge kind={progress.available ? "good" : "bad"}>
            {progress.available ? words.available : words.down}
          </Badge>
        </Fact>
      </dl>
      {!progress.available && (
        <p className="mt-2 text-sm break-words text-soft">
          {words.unavailable} {progress.unavailable_reason}
        </p>
      )}
      <Bar progress={progress} />
      <Models models={progress.models} />
    </div>
  );
}
