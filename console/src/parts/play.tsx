/** A button that fetches a sound when it is asked for, and then plays it. */
import { useEffect, useState } from "preact/hooks";
import { Refusal } from "../api/client";
import { t } from "../text";

interface Props {
  name: string;
  fetch: () => Promise<Blob>;
  onPlayed?: () => void;
}

export function Play({ name, fetch, onPlayed }: Props) {
  const [url, setUrl] = useState("");
  const [wrong, setWrong] = useState("");
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  const play = async () => {
    setWrong("");
    try {
      setUrl(URL.createObjectURL(await fetch()));
      onPlayed?.();
    } catch (e) {
      if (!(e instanceof Refusal)) throw e;
      setWrong(e.error.text || t("console.offline"));
    }
  };
  return (
    <div class="play">
      {url ? (
        <audio controls autoPlay src={url} aria-label={name} />
      ) : (
        <button type="button" class="btn" onClick={() => void play()}>
          <span aria-hidden="true">▸</span> {name}
        </button>
      )}
      <p class="wrong" role="alert">
        {wrong}
      </p>
    </div>
  );
}
