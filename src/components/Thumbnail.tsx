import * as React from 'react';

import type { Download } from '../api/request';

export interface IThumbnailProps {
  /** Id of the generation; undefined: the place stays empty. */
  id: string | undefined;
  alt: string;
  /** Why there is no picture. */
  reason: string;
  download: Download;
}

/** A small picture of one's own, fetched with the server's credentials once it comes into sight. */
export function Thumbnail(props: IThumbnailProps): JSX.Element {
  const { alt, download, id, reason } = props;
  const [url, setUrl] = React.useState('');
  const place = React.useRef<HTMLSpanElement>(null);
  React.useEffect(() => {
    let made = '';
    let gone = false;
    const show = (blob: Blob) => {
      if (!gone) {
        made = URL.createObjectURL(blob);
        setUrl(made);
      }
    };
    const observer = new IntersectionObserver(seen => {
      if (id && seen.some(({ isIntersecting }) => isIntersecting)) {
        observer.disconnect();
        // Erased meanwhile, or the server is away: the place stays empty.
        download(`usage/thumbnails/${id}`).then(show, () => undefined);
      }
    });
    observer.observe(place.current!);
    return () => {
      gone = true;
      observer.disconnect();
      URL.revokeObjectURL(made);
      setUrl('');
    };
  }, [download, id]);
  return (
    <span ref={place} className="jp-GenAILab-thumbnail" title={id ? undefined : reason}>
      {url && <img src={url} alt={alt} />}
    </span>
  );
}
