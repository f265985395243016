import { redact } from '../../model/redact';

// Put together here, so that nobody's scanner takes them for real ones.
const KEY = ['sk', 'or', 'v1', '0123456789abcdef'].join('-');
const TOKEN = ['cgl', '0123456789abcdef'].join('_');

describe('a text for whoever helps', () => {
  it.each([
    [`OpenAI refused ${KEY}.`, KEY],
    [`Authorization: Bearer ${TOKEN}`, TOKEN],
    ['http://ada:lovelace@127.0.0.1:8188/prompt', 'lovelace'],
    ['GET /ws?token=0123456789abcdef&clientId=7', '0123456789abcdef'],
    ['OPENAI_API_KEY=0123456789abcdef', '0123456789abcdef'],
    ['No such file: /home/ada/models', 'ada']
  ])('does not give away %s', (text, secret) => {
    expect(redact(text)).not.toContain(secret);
    expect(redact(text)).toContain('[…]');
  });

  it.each([
    'The port 8188 is taken by /srv/comfyui/main.py.',
    'coursia-genai secrets set OPENAI_API_KEY',
    'A key is missing\nThis Lab has no key for OpenAI. [no_key]',
    'http://127.0.0.1:8188/prompt'
  ])('keeps what helps: %s', text => {
    expect(redact(text)).toBe(text);
  });
});
