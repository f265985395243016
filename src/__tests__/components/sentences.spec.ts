import { nullTranslator } from '@jupyterlab/translation';
import { Gettext } from '@jupyterlab/translation/lib/gettext';

import { said } from '../../components/Said';
import { piecesOf } from '../../components/sentences';
import { frenchCatalogue } from '../strings';

const trans = nullTranslator.load('coursia_genai_lab');

const french = bundle();

function bundle(): Gettext {
  const { head, texts } = frenchCatalogue();
  const bundle = new Gettext({ domain: head.domain, locale: head.language });
  bundle.loadJSON(
    { '': { ...head, pluralForms: head.plural_forms }, ...texts } as never,
    head.domain
  );
  return bundle;
}

const inFrench = (text: string) => said(text, french);

describe('a sentence of the server with values', () => {
  it('is read in the language of the page', () => {
    expect(
      inFrench('Port 8191 is taken, so the door of comfyui is on port 36027.')
    ).toBe('Le port 8191 est pris, la porte de comfyui est donc sur le port 36027.');
  });

  it('keeps its values as they are, whatever signs are in them', () => {
    for (const value of ['50%1', '100%% x', '$&', '(a|b)*[c]^\\d+.', 'c++?', '%2 %1']) {
      expect(inFrench(`Port ${value} is taken, so the door of $1 is on port 2.`)).toBe(
        `Le port ${value} est pris, la porte de $1 est donc sur le port 2.`
      );
    }
  });

  it('may have values side by side, and none where one could be', () => {
    expect(
      inFrench(
        'The key a.b stands twice (ab), and programs differ in which one counts.'
      )
    ).toBe(
      'La clé a.b figure deux fois (ab), et les programmes ne retiennent pas tous la même.'
    );
    expect(inFrench('It is not valid JSON.')).toBe('Ce n’est pas du JSON valide.');
    expect(inFrench('It is not valid JSON near character 7.')).toBe(
      'Ce n’est pas du JSON valide près du caractère 7.'
    );
  });

  it('has sentences of the server in its values, in the same language', () => {
    expect(
      inFrench(
        'ComfyUI ended while it was starting: exited with status 3. Its last line: no such file'
      )
    ).toBe(
      'ComfyUI s’est arrêté pendant son démarrage\u00a0: terminé avec le statut 3. ' +
        'Sa dernière ligne\u00a0: no such file'
    );
    expect(
      inFrench(
        'OpenAI has failed several times in a row; it is asked again in 9 seconds. ' +
          'The last time: OpenAI cannot be reached from this server.'
      )
    ).toBe(
      'OpenAI a échoué plusieurs fois de suite\u202f; il sera de nouveau sollicité dans ' +
        '9 secondes. La dernière fois\u00a0: OpenAI est injoignable depuis ce serveur.'
    );
  });

  it('may follow on other words of a value', () => {
    expect(
      inFrench(
        'The disk of Docker has no room for the image a:1 of Forge: 3 GB are free, ' +
          'and at least 9 GB are needed.'
      )
    ).toBe(
      'Le disque de Docker n’a pas de place pour l’image a:1 de Forge\u00a0: 3 GB sont ' +
        'libres, et il faut au moins 9 GB.'
    );
  });

  it('is read beside others, sentence by sentence', () => {
    expect(
      inFrench(
        'Start the service again. There is no service xy. Something new happened.'
      )
    ).toBe(
      'Démarrez de nouveau le service. Le service xy n’existe pas. Something new happened.'
    );
  });

  it('says which of its words stayed English', () => {
    const stayed = (text: string) =>
      piecesOf(text, french)
        .filter(piece => piece.english)
        .map(piece => piece.words);
    expect(stayed('Docker refuses to start Forge: no space left on device')).toEqual([
      'no space left on device'
    ]);
    expect(stayed('There is no service xy. Something new happened.')).toEqual([
      'Something new happened.'
    ]);
    expect(stayed('There is no service xy.')).toEqual([]);
  });

  it('stays what it is in English', () => {
    const text = 'Port 8191 is taken, so the door of comfyui is on port 36027.';
    expect(said(text, trans)).toBe(text);
  });

  it('does not hold the page up, however an engine words it', () => {
    const hostile = [
      'a'.repeat(1_000_000),
      'Port '.repeat(199),
      ' is taken, so the door of '.repeat(38),
      'The key '.repeat(60) + ' stands twice ('.repeat(30),
      'There is no service A. '.repeat(43),
      'A. B! C? '.repeat(110),
      'A cannot be reached: B cannot be read: C answers D. It is E. '.repeat(16),
      ': , ; '.repeat(160),
      '\n\0'.repeat(400)
    ];
    for (const text of hostile) {
      expect(typeof inFrench(text)).toBe('string');
    }
    // Longer than any sentence of ours: left as it is, though it looks like one.
    const long = `There is no service ${'x'.repeat(1000)}.`;
    expect(inFrench(long)).toBe(long);
  });

  it('is known by every entry of the list', () => {
    const { texts } = frenchCatalogue();
    const [list] = texts['server\u0004Sentences with values'];
    for (const template of list.split('\n')) {
      if (!/^[,:;]/.test(template)) {
        const text = template.replace(/%(\d)/g, 'V$1');
        expect({ text, words: inFrench(text) }).not.toEqual({ text, words: text });
      }
    }
  });
});
