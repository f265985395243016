import { replacementOf } from '../../model/replacement';

describe('the line that replaces a fixed address', () => {
  it.each([
    ['URL = "http://localhost:8188"', 'URL = os.environ["V"]'],
    ["URL = 'http://localhost:8188/'", 'URL = os.environ["V"] + \'/\''],
    [
      'requests.post("http://127.0.0.1:7860/sdapi/v1/txt2img", json=body)',
      'requests.post(os.environ["V"] + "/sdapi/v1/txt2img", json=body)'
    ],
    [
      'get(f"http://127.0.0.1:8188/history/{job}")',
      'get(os.environ["V"] + f"/history/{job}")'
    ]
  ])('of %s takes it from the variable', (line, expected) => {
    expect(replacementOf(line, 'V')).toBe(expected);
  });

  it.each([
    ['holds no quoted address', 'server = host + ":8188"'],
    ['holds two', 'a, b = "http://localhost:8188", "http://localhost:7860"'],
    ['builds its host itself', 'url = f"http://{host}:8188/prompt"'],
    ['goes on beyond the excerpt', `url = "http://localhost:8188"${' '.repeat(120)}`]
  ])('is not guessed where the line %s', (_, line) => {
    expect(replacementOf(line, 'V')).toBeNull();
  });
});
